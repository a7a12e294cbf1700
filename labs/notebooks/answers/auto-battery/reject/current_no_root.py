"""Heat as I times R.

fails: auto-battery-limits-test
"""


# %% auto-battery-current
def largest_current(ocv, v_low, R, G, dT, reserve):
    return (1 - reserve) * min((ocv - v_low) / R, G * dT / R)
