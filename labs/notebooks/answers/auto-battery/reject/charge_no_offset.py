"""Leaves the offset in.

fails: auto-battery-charge-test, auto-battery-own-capacity-test
"""


# %% auto-battery-charge
def charge_moved(I, dt, offset):
    return float(np.sum(I) * dt / 3600)
