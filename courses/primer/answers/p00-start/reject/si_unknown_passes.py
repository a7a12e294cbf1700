"""Degenerate case: an unknown unit is passed through with factor one.

fails: p00-start-si
"""

# %% p00-start-convert
def to_si(value, unit):
    factors = {"mA": 1e-3, "mH": 1e-3, "mN·m": 1e-3, "mN·m/A": 1e-3, "kΩ": 1e3, "g·cm²": 1e-7}
    return value * factors.get(unit, 1.0)
