"""Uses planned cost over failure cost.

fails: c07-weibull-age-test
"""

# %% c07-weibull-age
def optimal_age(beta, eta, cost_ratio):
    if beta <= 1 or cost_ratio <= 1:
        return math.inf
    ages = eta * np.geomspace(0.003, 30, 3000)
    return float(ages[np.argmin([cost_rate(a, beta, eta, 1 / cost_ratio) for a in ages])])
