"""One missing sample makes every later sum NaN, and the alarm sleeps for good.

fails: b05-kalman-alarm-test
"""

# %% b05-kalman-alarm
def lid_alarm(e, S):
    nis = e[:, 0] ** 2 / S[:, 0, 0]
    nis[0] = 0.0
    total = np.cumsum(nis)
    moving = total - np.concatenate([np.zeros(20), total])[: len(total)]
    return moving > stats.chi2.ppf(1 - 1e-4, 20)
