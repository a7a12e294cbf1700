"""Fits all units as if the survivors had failed on the last day of the record.

fails: c07-weibull-mle-known, c07-weibull-mle-invariant, c07-weibull-mle-optimum, c07-weibull-mle-unbiased, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-mle
def weibull_mle(t, failed):
    beta, _, eta = stats.weibull_min.fit(t, floc=0)
    return beta, eta
