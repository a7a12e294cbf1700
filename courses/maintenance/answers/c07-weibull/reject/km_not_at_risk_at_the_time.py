"""Counts only the units that run longer than the time, not those that fail at it.

fails: c07-weibull-km-complete, c07-weibull-km-censored
"""

# %% c07-weibull-km
def kaplan_meier(t, failed):
    times, failures = np.unique(t[failed], return_counts=True)
    at_risk = np.array([max((t > time).sum(), 1) for time in times])
    return times, np.cumprod(1 - failures / at_risk)
