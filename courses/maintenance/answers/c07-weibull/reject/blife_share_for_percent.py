"""Takes 10 percent for a share of 10.

fails: c07-weibull-blife-test, c07-weibull-interval-width, c07-weibull-interval-coverage, c07-weibull-age-test
"""

# %% c07-weibull-blife
def b_life(beta, eta, percent):
    return eta * (-np.log(np.maximum(1 - percent, 0.0) + 1e-12)) ** (1 / beta)
