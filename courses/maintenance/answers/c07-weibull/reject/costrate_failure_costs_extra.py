"""Textbook misreading: the cost ratio comes on top of the planned cost.

fails: c07-weibull-costrate-test, c07-weibull-age-test
"""

# %% c07-weibull-costrate
def cost_rate(age, beta, eta, cost_ratio):
    x = (age / eta) ** beta
    failing = 1 - math.exp(-x)
    life = eta / beta * special.gamma(1 / beta) * special.gammainc(1 / beta, x)
    return (1 + cost_ratio * failing) / life
