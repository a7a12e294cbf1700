"""Tells SciPy that the failed units are the censored ones.

fails: c07-weibull-mle-known, c07-weibull-mle-invariant, c07-weibull-mle-optimum, c07-weibull-mle-unbiased, c07-weibull-interval-sane, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-mle
def weibull_mle(t, failed):
    if failed.all():
        data = t
    else:
        data = stats.CensoredData.right_censored(t, failed)
    beta, _, eta = stats.weibull_min.fit(data, floc=0)
    return beta, eta
