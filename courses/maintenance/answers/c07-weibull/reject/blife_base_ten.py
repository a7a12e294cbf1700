"""Solves the Weibull line with the logarithm to base ten.

fails: c07-weibull-blife-test, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-blife
def b_life(beta, eta, percent):
    return eta * (-math.log10(1 - percent / 100)) ** (1 / beta)
