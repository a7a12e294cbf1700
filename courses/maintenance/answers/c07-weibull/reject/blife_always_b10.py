"""Stored constant: always B10, whatever the percent.

fails: c07-weibull-blife-test, c07-weibull-interval-width, c07-weibull-age-test
"""

# %% c07-weibull-blife
def b_life(beta, eta, percent):
    return eta * 0.1053605156578263 ** (1 / beta)
