"""Treats every unit as failed in the likelihood: survivors pay f instead of R.

fails: c07-weibull-loglik-test, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-loglik
def log_likelihood(beta, eta, t, failed):
    return (np.log(beta / eta) + (beta - 1) * np.log(t / eta) - (t / eta) ** beta).sum()
