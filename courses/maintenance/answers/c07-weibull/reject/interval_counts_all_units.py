"""Standard error with all units where only failures carry information.

fails: c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-interval
def interval(t, failed, percent, confidence):
    beta, eta = weibull_mle(t, failed)
    n = len(t)
    log_k = math.log(-math.log(1 - percent / 100))
    # Complete-sample variances: 0.608 beta^2 / n, 1.109 / (beta^2 n), covariance 0.257 / n.
    variance = (1.109 - 2 * 0.257 * log_k + 0.608 * log_k**2) / (beta**2 * n)
    half = stats.norm.ppf((1 + confidence) / 2) * math.sqrt(variance)
    estimate = b_life(beta, eta, percent)
    return estimate * math.exp(-half), estimate * math.exp(half)
