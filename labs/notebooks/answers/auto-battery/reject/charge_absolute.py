"""Counts charging as discharging.

fails: auto-battery-charge-test
"""


# %% auto-battery-charge
def charge_moved(I, dt, offset):
    return float(np.sum(np.abs(np.asarray(I) - offset)) * dt / 3600)
