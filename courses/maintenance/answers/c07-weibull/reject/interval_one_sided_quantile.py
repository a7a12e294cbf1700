"""Takes the one-sided quantile for a two-sided interval.

fails: c07-weibull-interval-sane, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-interval
def interval(t, failed, percent, confidence):
    beta, eta = weibull_mle(t, failed)
    x, r = np.log(t / eta), failed.sum()
    z = np.exp(beta * x)
    mixed = r - z.sum() - beta * (z * x).sum()
    information = np.array([[beta**2 * z.sum(), mixed], [mixed, r / beta**2 + (z * x * x).sum()]])
    log_k = np.log(-np.log(1 - percent / 100))
    gradient = np.array([1, -log_k / beta**2])
    sigma = np.sqrt(gradient @ np.linalg.solve(information, gradient))
    estimate = b_life(beta, eta, percent)
    half = stats.norm.ppf(confidence) * sigma
    return estimate * np.exp(-half), estimate * np.exp(half)
