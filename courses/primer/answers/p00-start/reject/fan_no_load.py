"""Degenerate special case: the no-load speed, as if there were no fan.

fails: p00-start-fan
"""

# %% p00-start-balance
def fan_speed(V, c, sheet):
    K, R, I0 = sheet["K"], sheet["R"], sheet["I0"]
    return (V - R * I0) / K
