"""Searches eta only between 1 and 100,000, as if every life were in kilometres.

fails: c07-weibull-mle-invariant, c07-weibull-mle-optimum, c07-weibull-interval-sane
"""

# %% c07-weibull-mle
def weibull_mle(t, failed):
    def loss(p):
        beta, eta = p
        x = np.log(t / eta)
        return np.exp(beta * x).sum() - (np.log(beta / eta) + (beta - 1) * x[failed]).sum()

    start = [1.5, min(max(np.median(t), 1.0), 1e5)]
    return tuple(optimize.minimize(loss, start, method="Nelder-Mead", bounds=[(0.1, 20), (1, 1e5)],
                                   options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 4000}).x)
