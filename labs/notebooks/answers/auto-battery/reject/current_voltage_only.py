"""Forgets the heat.

fails: auto-battery-limits-test
"""


# %% auto-battery-current
def largest_current(ocv, v_low, R, G, dT, reserve):
    return (1 - reserve) * (ocv - v_low) / R
