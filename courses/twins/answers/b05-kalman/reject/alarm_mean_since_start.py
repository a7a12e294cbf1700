"""The sum of NIS since the start: once moved, it takes hours to come back.

fails: b05-kalman-alarm-test
"""

# %% b05-kalman-alarm
def lid_alarm(e, S):
    nis = e[:, 0] ** 2 / S[:, 0, 0]
    count = np.cumsum(np.isfinite(nis))
    mean = np.cumsum(np.nan_to_num(nis)) / np.maximum(count, 1)
    return mean * count > stats.chi2.ppf(1 - 1e-4, np.maximum(count, 1))
