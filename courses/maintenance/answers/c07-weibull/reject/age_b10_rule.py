"""Rule of thumb: replaces at B10, whatever the costs.

fails: c07-weibull-age-test
"""

# %% c07-weibull-age
def optimal_age(beta, eta, cost_ratio):
    if beta <= 1 or cost_ratio <= 1:
        return math.inf
    return b_life(beta, eta, 10)
