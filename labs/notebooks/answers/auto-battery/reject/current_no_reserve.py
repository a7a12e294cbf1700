"""Forgets the reserve.

fails: auto-battery-limits-test
"""


# %% auto-battery-current
def largest_current(ocv, v_low, R, G, dT, reserve):
    return min((ocv - v_low) / R, math.sqrt(G * dT / R))
