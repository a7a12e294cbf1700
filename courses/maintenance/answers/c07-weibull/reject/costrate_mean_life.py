"""Divides by the mean life to failure, though units are taken out earlier.

fails: c07-weibull-costrate-test, c07-weibull-age-test
"""

# %% c07-weibull-costrate
def cost_rate(age, beta, eta, cost_ratio):
    x = (age / eta) ** beta
    failing = 1 - math.exp(-x)
    life = eta * special.gamma(1 + 1 / beta)
    return (1 - failing + cost_ratio * failing) / life
