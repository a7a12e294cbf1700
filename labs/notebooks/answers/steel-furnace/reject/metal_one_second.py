"""Counts samples as seconds.

fails: steel-furnace-metal-test
"""


# %% steel-furnace-metal
def metal(t, T, lag):
    return signal.savgol_filter(T, 41, 2) + lag * signal.savgol_filter(T, 41, 2, deriv=1)
