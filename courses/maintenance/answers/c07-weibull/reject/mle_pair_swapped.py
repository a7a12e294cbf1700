"""Returns eta before beta, in the order of the Greek alphabet of another textbook.

fails: c07-weibull-mle-known, c07-weibull-mle-invariant, c07-weibull-mle-optimum, c07-weibull-mle-unbiased, c07-weibull-interval-sane, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-mle
def weibull_mle(t, failed):
    data = stats.CensoredData.right_censored(t, ~failed)
    beta, _, eta = stats.weibull_min.fit(data, floc=0)
    return eta, beta
