"""Counts each sample as a second.

fails: auto-battery-charge-test
"""


# %% auto-battery-charge
def charge_moved(I, dt, offset):
    return float(np.sum(np.asarray(I) - offset) / 3600)
