"""At equal lives, takes the withdrawn units out before the failures.

fails: c07-weibull-km-censored
"""

# %% c07-weibull-km
def kaplan_meier(t, failed):
    times, failures = np.unique(t[failed], return_counts=True)
    at_risk = np.array([(t > time).sum() + ((t == time) & failed).sum() for time in times])
    return times, np.cumprod(1 - failures / at_risk)
