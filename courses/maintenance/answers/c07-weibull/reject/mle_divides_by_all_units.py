"""Divides by the number of all units where the number of failures belongs.

fails: c07-weibull-mle-known, c07-weibull-mle-invariant, c07-weibull-mle-optimum, c07-weibull-mle-unbiased, c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-mle
def weibull_mle(t, failed):
    x = np.log(t / t.max())

    def slope(beta):
        weight = np.exp(beta * x)
        return (weight * x).sum() / weight.sum() - 1 / beta - x[failed].mean()

    beta = optimize.brentq(slope, 0.01, 200.0)
    return beta, t.max() * np.exp(beta * x).mean() ** (1 / beta)
