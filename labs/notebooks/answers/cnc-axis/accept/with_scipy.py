"""SciPy's filters and solvers; a plan of one direction after the other."""


# %% cnc-axis-number
number = 64


# %% cnc-axis-travel
def travel(speed, hold):
    t = hold + 2 * abs(speed) / RAMP
    return RG * speed * (t + hold) / 2  # area of a trapezium


# %% cnc-axis-longest
def longest_hold(speed, room):
    from scipy.optimize import brentq

    if travel(abs(speed), 0.0) >= room:
        return 0.0
    return brentq(lambda hold: travel(abs(speed), hold) - room, 0.0, 1e4)


# %% cnc-axis-runs
runs = [(9.0, 0.5), (-9.0, 0.5), (-18.0, 0.5), (18.0, 0.6), (33.0, 0.5), (-33.0, 0.7), (-62.0, 0.5), (62.0, 0.9)]


# %% cnc-axis-measure
plant.close()
plant = power_up()
plant.write(mode=1, Kv=0.05, Tv=0.1, ramp=RAMP, u_limit=3.0)
for speed, seconds in runs:
    plant.write(speed_set=speed)
    plant.wait(seconds)
plant.write(mode=0)
plant.wait(0.5)
measured = plant.recording.as_plain()


# %% cnc-axis-fit
def fit_axis(speed, u, dt, slow):
    from scipy.optimize import least_squares
    from scipy.signal import savgol_filter

    w, a = savgol_filter(speed, 15, 2), savgol_filter(speed, 15, 2, deriv=1, delta=dt)
    v = savgol_filter(u, 15, 2)
    keep = np.abs(w) > slow
    w, a, v = w[keep], a[keep], v[keep]

    def miss(x):
        return x[0] * a + x[1] * w + np.where(w > 0, x[2], -x[3]) - v

    x = least_squares(miss, [1e-3, 1e-3, 0.5, 0.5], x_scale=[1e-3, 1e-3, 1.0, 1.0]).x
    return {"coulomb_minus": x[3], "coulomb_plus": x[2], "viscous": x[1], "inertia": x[0]}


# %% cnc-axis-own
table = plant.recording.table
axis = fit_axis(table["speed"].to_numpy(), table["u"].to_numpy(), plant.dt, 5.0)


# %% cnc-axis-tune
def tune(inertia, dead_time, margin=50.0):
    from scipy.optimize import brentq

    def phase(w):
        return 180 - 90 - np.degrees(np.arctan(0.3) + w * dead_time) - margin

    w = brentq(phase, 1e-3 / dead_time, 2.0 / dead_time)
    Tv = 1 / (0.3 * w)
    Kv = inertia * w / abs(1 + 1 / (1j * w * Tv))
    return {"Kv": Kv, "Tv": Tv, "Kp": 0.25 * w}


# %% cnc-axis-judge
def overshoot(position, start, target):
    side = 1.0 if target > start else -1.0
    return max([0.0] + [side * (p - target) for p in position])


# %% cnc-axis-turn
def reversal(t, error, period):
    from scipy.optimize import curve_fit

    def wave(t, mean, s, c):
        return mean + s * np.sin(2 * np.pi * t / period) + c * np.cos(2 * np.pi * t / period)

    found, _ = curve_fit(wave, np.asarray(t), np.asarray(error))
    rest = error - wave(np.asarray(t), *found)
    return max(rest.max(), -rest.min())


# %% cnc-axis-prove
plant.close()
plant = power_up()
gains = tune(axis["inertia"], DEAD_TIME, 48.0)
plant.write(mode=2, feed=100.0, acceleration=1000.0, u_limit=6.0, **gains)
plant.wait(0.5)
plant.write(target=60.0)
plant.wait(1.5)
plant.write(radius=20.0)
plant.wait(4.5)
plant.write(mode=0)
plant.wait(0.5)
run = plant.recording.as_plain()
