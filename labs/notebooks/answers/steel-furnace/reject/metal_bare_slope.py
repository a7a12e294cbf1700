"""The slope from sample to sample: nothing but sensor steps.

fails: steel-furnace-metal-test
"""


# %% steel-furnace-metal
def metal(t, T, lag):
    return T + lag * np.gradient(T, t)
