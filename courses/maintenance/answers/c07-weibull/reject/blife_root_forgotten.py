"""Raises to beta instead of 1/beta.

fails: c07-weibull-blife-test, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-blife
def b_life(beta, eta, percent):
    return eta * (-math.log(1 - percent / 100)) ** beta
