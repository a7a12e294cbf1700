"""Takes the logarithm to base ten.

fails: c07-weibull-loglik-test, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-loglik
def log_likelihood(beta, eta, t, failed):
    log_hazard = np.log10(beta / eta) + (beta - 1) * np.log10(t[failed] / eta)
    return log_hazard.sum() - np.log10(np.e) * ((t / eta) ** beta).sum()
