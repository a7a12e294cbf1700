"""Stored constants: always the MW-40.

fails: p00-start-fan
"""

# %% p00-start-balance
def fan_speed(V, c, sheet):
    K, R, I0 = 38.2e-3, 0.80, 60e-3
    return brentq(lambda w: K * ((V - K * w) / R - I0) - c * w**2, 0.0, V / K)
