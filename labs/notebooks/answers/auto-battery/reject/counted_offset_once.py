"""Takes the offset off once.

fails: auto-battery-counted-test
"""


# %% auto-battery-counted
def counted(I, dt, Q, soc0, offset):
    I = np.asarray(I)
    return soc0 - (np.cumsum(I) - offset) * dt / 3600 / Q
