"""Reads only the first letter of the unit.

fails: p00-start-si
"""

# %% p00-start-convert
def to_si(value, unit):
    factors = {"m": 1e-3, "k": 1e3, "g": 1e-7}
    if unit[:1] not in factors:
        raise ValueError(unit)
    return value * factors[unit[:1]]
