"""Gives the end for all samples.

fails: auto-battery-counted-test
"""


# %% auto-battery-counted
def counted(I, dt, Q, soc0, offset):
    I = np.asarray(I)
    return np.full(len(I), soc0 - np.sum(I - offset) * dt / 3600 / Q)
