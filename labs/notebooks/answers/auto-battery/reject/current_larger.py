"""Takes the larger of both.

fails: auto-battery-limits-test
"""


# %% auto-battery-current
def largest_current(ocv, v_low, R, G, dT, reserve):
    return (1 - reserve) * max((ocv - v_low) / R, math.sqrt(G * dT / R))
