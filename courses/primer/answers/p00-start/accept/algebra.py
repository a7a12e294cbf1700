"""Algebra first: vector products for the areas, the quadratic formula for the fan."""

# %% p00-start-speed-units
def rad_per_s(n):
    return np.deg2rad(6.0) * n  # one turn per minute is six degrees per second

# %% p00-start-convert
def to_si(value, unit):
    try:
        return value * 10.0 ** {"mA": -3, "mH": -3, "mN·m": -3, "mN·m/A": -3, "kΩ": 3, "g·cm²": -7}[unit]
    except KeyError:
        raise ValueError(unit) from None

# %% p00-start-area
def energy(t, v, i):
    p = np.asarray(v) * np.asarray(i)
    return float(np.diff(t) @ (p[:-1] + np.diff(p) / 2))

# %% p00-start-root
def rms(t, x):
    return np.sqrt(energy(t, x, x) / np.ptp(t))

# %% p00-start-point
def operating_point(V, torque, sheet):
    K, R, I0 = sheet["K"], sheet["R"], sheet["I0"]
    no_load = (V - R * I0) / K
    return (torque / K + I0, no_load - R / K**2 * torque)

# %% p00-start-balance
def fan_speed(V, c, sheet):
    # c w² + (K²/R) w - stall = 0, in the form that has no difference of large numbers
    K, R, I0 = sheet["K"], sheet["R"], sheet["I0"]
    slope, stall = K * K / R, K * (V / R - I0)
    return 2 * stall / (slope + np.sqrt(slope**2 + 4 * c * stall))
