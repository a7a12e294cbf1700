"""Formula for small failure probability, good only for high ratios.

fails: c07-weibull-age-test
"""

# %% c07-weibull-age
def optimal_age(beta, eta, cost_ratio):
    if beta <= 1 or cost_ratio <= 1:
        return math.inf
    return eta * (1 / ((cost_ratio - 1) * (beta - 1))) ** (1 / beta)
