"""Right on paper, but t**beta is computed in the unit of the data and overflows.

fails: c07-weibull-mle-invariant, c07-weibull-interval-sane
"""

# %% c07-weibull-mle
def weibull_mle(t, failed):
    def slope(beta):
        power = t**beta
        return (power * np.log(t)).sum() / power.sum() - 1 / beta - np.log(t[failed]).mean()

    beta = optimize.brentq(slope, 0.01, 50.0)
    return beta, ((t**beta).sum() / failed.sum()) ** (1 / beta)
