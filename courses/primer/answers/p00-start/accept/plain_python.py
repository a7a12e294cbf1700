"""Loops and plain numbers: no NumPy beyond what an array argument needs."""

# %% p00-start-speed-units
def rad_per_s(n):
    turns_per_second = n / 60.0
    return turns_per_second * math.tau

# %% p00-start-convert
def to_si(value, unit):
    if unit in ("mA", "mH", "mN·m", "mN·m/A"):
        return value / 1000
    elif unit == "kΩ":
        return value * 1000
    elif unit == "g·cm²":
        return value / 1000 / 100 / 100
    raise ValueError("I do not know the unit " + unit)

# %% p00-start-area
def energy(t, v, i):
    joule = 0.0
    for k in range(1, len(t)):
        power = 0.5 * (v[k] * i[k] + v[k - 1] * i[k - 1])
        joule += power * (t[k] - t[k - 1])
    return joule

# %% p00-start-root
def rms(t, x):
    area = 0.0
    for k in range(len(t) - 1):
        area += (x[k] ** 2 + x[k + 1] ** 2) / 2 * (t[k + 1] - t[k])
    return (area / (t[-1] - t[0])) ** 0.5

# %% p00-start-point
def operating_point(V, torque, sheet):
    friction = sheet["K"] * sheet["I0"]
    current = (torque + friction) / sheet["K"]
    back_emf = V - current * sheet["R"]
    return current, back_emf / sheet["K"]

# %% p00-start-balance
def fan_speed(V, c, sheet):
    def too_slow(w):
        current, no_more = operating_point(V, c * w * w, sheet)
        return no_more > w

    low, high = 0.0, V / sheet["K"]
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if too_slow(middle) else (low, middle)
    return (low + high) / 2
