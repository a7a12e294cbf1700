"""A move that never gets there overshoots by less than 0.

fails: cnc-axis-overshoot
"""


# %% cnc-axis-judge
def overshoot(position, start, target):
    beyond = np.sign(target - start) * (np.asarray(position) - target)
    return float(beyond.max())


# %% cnc-axis-turn
def reversal(t, error, period):
    turn = 2 * np.pi * np.asarray(t) / period
    A = np.column_stack([np.ones_like(turn), np.sin(turn), np.cos(turn)])
    rest = error - A @ np.linalg.lstsq(A, error, rcond=None)[0]
    return float(np.abs(rest).max())
