"""Textbook misreading: writes the density as beta t^(beta-1) / eta exp(...), with eta instead of eta^beta.

fails: c07-weibull-loglik-test, c07-weibull-interval-sane, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-loglik
def log_likelihood(beta, eta, t, failed):
    log_density = np.log(beta) - np.log(eta) + (beta - 1) * np.log(t[failed])
    return log_density.sum() - ((t / eta) ** beta).sum()
