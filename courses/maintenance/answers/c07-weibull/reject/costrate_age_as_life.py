"""Divides by the replacement age, as if no unit failed before it.

fails: c07-weibull-costrate-test, c07-weibull-age-test
"""

# %% c07-weibull-costrate
def cost_rate(age, beta, eta, cost_ratio):
    x = (age / eta) ** beta
    failing = 1 - math.exp(-x)
    life = min(age, eta * math.gamma(1 + 1 / beta))
    return (1 - failing + cost_ratio * failing) / life
