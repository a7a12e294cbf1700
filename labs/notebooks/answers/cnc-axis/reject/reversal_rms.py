"""Gives the effective value of the rest, which hides a short spike.

fails: cnc-axis-reversal
"""


# %% cnc-axis-judge
def overshoot(position, start, target):
    beyond = np.sign(target - start) * (np.asarray(position) - target)
    return max(float(beyond.max()), 0.0)


# %% cnc-axis-turn
def reversal(t, error, period):
    turn = 2 * np.pi * np.asarray(t) / period
    A = np.column_stack([np.ones_like(turn), np.sin(turn), np.cos(turn)])
    rest = error - A @ np.linalg.lstsq(A, error, rcond=None)[0]
    return float(np.sqrt(np.mean(rest**2)))
