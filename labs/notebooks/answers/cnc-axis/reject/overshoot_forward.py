"""Knows moves forward only.

fails: cnc-axis-overshoot
"""


# %% cnc-axis-judge
def overshoot(position, start, target):
    beyond = (np.asarray(position) - target)
    return max(float(beyond.max()), 0.0)


# %% cnc-axis-turn
def reversal(t, error, period):
    turn = 2 * np.pi * np.asarray(t) / period
    A = np.column_stack([np.ones_like(turn), np.sin(turn), np.cos(turn)])
    rest = error - A @ np.linalg.lstsq(A, error, rcond=None)[0]
    return float(np.abs(rest).max())
