"""Sign: the metal is colder while it heats.

fails: steel-furnace-metal-test
"""


# %% steel-furnace-metal
def metal(t, T, lag):
    dt = t[1] - t[0]
    n = 2 * int(20 / dt) + 1
    return signal.savgol_filter(T, n, 2) - lag * signal.savgol_filter(T, n, 2, deriv=1, delta=dt)
