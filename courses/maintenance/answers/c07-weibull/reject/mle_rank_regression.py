"""Least squares on Weibull paper instead of maximum likelihood.

fails: c07-weibull-mle-known, c07-weibull-mle-optimum, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-mle
def weibull_mle(t, failed):
    times = np.unique(t[failed])
    share = np.array([((t == x) & failed).sum() / (t >= x).sum() for x in times])
    survival = np.cumprod(1 - share)
    middle = 1 - (np.append(1.0, survival[:-1]) + survival) / 2
    slope, offset = np.polyfit(np.log(times), np.log(-np.log(1 - middle)), 1)
    return slope, math.exp(-offset / slope)
