"""Returns the end of the search where planned replacement never pays.

fails: c07-weibull-age-test
"""

# %% c07-weibull-age
def optimal_age(beta, eta, cost_ratio):
    ages = eta * np.geomspace(0.003, 30, 3000)
    return float(ages[np.argmin([cost_rate(a, beta, eta, cost_ratio) for a in ages])])
