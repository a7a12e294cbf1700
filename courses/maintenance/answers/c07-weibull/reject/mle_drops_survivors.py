"""Fits the failed units only, as if the survivors had never run.

fails: c07-weibull-mle-known, c07-weibull-mle-optimum, c07-weibull-mle-unbiased, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-mle
def weibull_mle(t, failed):
    beta, _, eta = stats.weibull_min.fit(t[failed], floc=0)
    return beta, eta
