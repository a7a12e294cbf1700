"""Walks from unit to unit: equal lives stand in times several times.

fails: c07-weibull-km-complete, c07-weibull-km-censored
"""

# %% c07-weibull-km
def kaplan_meier(t, failed):
    order = np.lexsort((~failed, t))
    at_risk = len(t) - np.arange(len(t))
    survival = np.cumprod(1 - failed[order] / at_risk)
    return t[order][failed[order]], survival[failed[order]]
