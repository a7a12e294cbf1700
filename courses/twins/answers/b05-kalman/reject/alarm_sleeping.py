"""Never an alarm: perfectly quiet.

fails: b05-kalman-alarm-test
"""

# %% b05-kalman-alarm
def lid_alarm(e, S):
    return np.zeros(len(e), dtype=bool)
