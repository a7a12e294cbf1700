"""Searches whole ages from 1 to 200, in whatever unit.

fails: c07-weibull-age-test
"""

# %% c07-weibull-age
def optimal_age(beta, eta, cost_ratio):
    if beta <= 1 or cost_ratio <= 1:
        return math.inf
    ages = np.arange(1.0, 200.0, 0.1)
    return float(ages[np.argmin([cost_rate(a, beta, eta, cost_ratio) for a in ages])])
