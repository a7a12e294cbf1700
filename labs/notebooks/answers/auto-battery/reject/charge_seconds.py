"""Ampere-seconds.

fails: auto-battery-accept-test, auto-battery-charge-test, auto-battery-own-capacity-test
"""


# %% auto-battery-charge
def charge_moved(I, dt, offset):
    return float(np.sum(np.asarray(I) - offset) * dt)
