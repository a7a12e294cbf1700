"""Each sample alone against its 95 % bound: one false alarm in twenty.

fails: b05-kalman-alarm-test
"""

# %% b05-kalman-alarm
def lid_alarm(e, S):
    nis = np.nan_to_num(e[:, 0] ** 2 / S[:, 0, 0])
    return nis > stats.chi2.ppf(0.95, 1)
