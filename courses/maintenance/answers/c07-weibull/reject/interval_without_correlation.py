"""Adds the variances of beta and eta as if they were independent.

fails: c07-weibull-interval-width, c07-weibull-interval-coverage
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
    variance = np.diag(np.linalg.inv(information))
    sigma = np.sqrt((gradient**2 * variance).sum())
    estimate = b_life(beta, eta, percent)
    half = stats.norm.ppf((1 + confidence) / 2) * sigma
    return estimate * np.exp(-half), estimate * np.exp(half)
