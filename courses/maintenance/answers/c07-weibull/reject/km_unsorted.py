"""Takes the units in the order of the table.

fails: c07-weibull-km-complete, c07-weibull-km-censored
"""

# %% c07-weibull-km
def kaplan_meier(t, failed):
    at_risk = len(t) - np.arange(len(t))
    survival = np.cumprod(1 - failed / at_risk)
    return t[failed], survival[failed]
