"""Counts failed units only, as if the survivors had never run.

fails: c07-weibull-km-censored
"""

# %% c07-weibull-km
def kaplan_meier(t, failed):
    times, failures = np.unique(t[failed], return_counts=True)
    return times, 1 - np.cumsum(failures) / failed.sum()
