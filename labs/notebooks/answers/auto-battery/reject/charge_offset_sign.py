"""Adds the offset.

fails: auto-battery-charge-test, auto-battery-own-capacity-test
"""


# %% auto-battery-charge
def charge_moved(I, dt, offset):
    return float(np.sum(np.asarray(I) + offset) * dt / 3600)
