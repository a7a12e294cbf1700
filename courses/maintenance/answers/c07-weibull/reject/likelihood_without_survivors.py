"""Forgets the survivors in the likelihood.

fails: c07-weibull-loglik-test, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-loglik
def log_likelihood(beta, eta, t, failed):
    x = t[failed] / eta
    return (np.log(beta / eta) + (beta - 1) * np.log(x) - x**beta).sum()
