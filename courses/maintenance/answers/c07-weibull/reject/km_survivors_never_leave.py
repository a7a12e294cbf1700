"""Divides by all units: the withdrawn ones stay at risk for ever.

fails: c07-weibull-km-censored
"""

# %% c07-weibull-km
def kaplan_meier(t, failed):
    times, failures = np.unique(t[failed], return_counts=True)
    return times, 1 - np.cumsum(failures) / len(t)
