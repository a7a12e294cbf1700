"""Lists the lives of the survivors as times as well.

fails: c07-weibull-km-censored
"""

# %% c07-weibull-km
def kaplan_meier(t, failed):
    curve = stats.ecdf(stats.CensoredData.right_censored(t, ~failed)).sf
    return curve.quantiles, curve.probabilities
