"""Degenerate special case: searches only up to 1000 rad/s.

fails: p00-start-fan
"""

# %% p00-start-balance
def fan_speed(V, c, sheet):
    K, R, I0 = sheet["K"], sheet["R"], sheet["I0"]
    return brentq(lambda w: K * ((V - K * w) / R - I0) - c * w**2, 0.0, 1000.0)
