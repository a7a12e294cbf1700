"""Stored constants: always the MW-40.

fails: p00-start-current, p00-start-speed
"""

# %% p00-start-point
def operating_point(V, torque, sheet):
    i = torque / 38.2e-3 + 60e-3
    return i, (V - 0.80 * i) / 38.2e-3
