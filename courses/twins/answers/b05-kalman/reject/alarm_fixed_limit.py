"""A fixed limit in °C for the innovation, whatever S says.

fails: b05-kalman-alarm-test
"""

# %% b05-kalman-alarm
def lid_alarm(e, S):
    recent = pd.Series(e[:, 0]).rolling(20, min_periods=1).mean()
    return (recent.abs() > 0.5).to_numpy()
