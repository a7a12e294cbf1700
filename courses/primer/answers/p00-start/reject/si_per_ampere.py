"""Textbook misreading: mN·m/A is divided as if the ampere were milli as well.

fails: p00-start-si
"""

# %% p00-start-convert
def to_si(value, unit):
    factors = {"mA": 1e-3, "mH": 1e-3, "mN·m": 1e-3, "mN·m/A": 1.0, "kΩ": 1e3, "g·cm²": 1e-7}
    if unit not in factors:
        raise ValueError(unit)
    return value * factors[unit]
