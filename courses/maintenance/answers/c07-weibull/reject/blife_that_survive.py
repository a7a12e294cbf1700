"""Returns the life that `percent` percent survive.

fails: c07-weibull-blife-test, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-blife
def b_life(beta, eta, percent):
    return eta * (-math.log(percent / 100)) ** (1 / beta)
