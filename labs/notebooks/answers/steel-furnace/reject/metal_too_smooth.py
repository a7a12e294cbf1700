"""A slope over five minutes hides what happened.

fails: steel-furnace-metal-test
"""


# %% steel-furnace-metal
def metal(t, T, lag):
    dt = t[1] - t[0]
    n = 2 * int(150 / dt) + 1
    return signal.savgol_filter(T, n, 1) + lag * signal.savgol_filter(T, n, 1, deriv=1, delta=dt)
