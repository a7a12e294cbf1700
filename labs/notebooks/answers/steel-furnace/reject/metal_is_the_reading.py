"""Believes the display.

fails: steel-furnace-metal-test
"""


# %% steel-furnace-metal
def metal(t, T, lag):
    return signal.savgol_filter(T, 41, 2)
