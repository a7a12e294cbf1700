"""Off by one: gives the survival before each failure.

fails: c07-weibull-km-complete, c07-weibull-km-censored
"""

# %% c07-weibull-km
def kaplan_meier(t, failed):
    times, failures = np.unique(t[failed], return_counts=True)
    at_risk = np.array([(t >= time).sum() for time in times])
    after = np.cumprod(1 - failures / at_risk)
    return times, np.append(1.0, after[:-1])
