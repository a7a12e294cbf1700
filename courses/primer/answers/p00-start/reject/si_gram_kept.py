"""Wrong units: gram is taken for the SI unit of mass.

fails: p00-start-si
"""

# %% p00-start-convert
def to_si(value, unit):
    factors = {"mA": 1e-3, "mH": 1e-3, "mN·m": 1e-3, "mN·m/A": 1e-3, "kΩ": 1e3, "g·cm²": 1e-4}
    if unit not in factors:
        raise ValueError(unit)
    return value * factors[unit]
