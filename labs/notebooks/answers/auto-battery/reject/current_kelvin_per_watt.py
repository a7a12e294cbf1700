"""Takes G for K/W.

fails: auto-battery-limits-test
"""


# %% auto-battery-current
def largest_current(ocv, v_low, R, G, dT, reserve):
    return (1 - reserve) * min((ocv - v_low) / R, math.sqrt(dT / (G * R)))
