"""Sums where the reference multiplies, loops where it solves matrices."""


# %% cnc-axis-number
number = 23


# %% cnc-axis-travel
def travel(speed, hold):
    up = speed * abs(speed) / RAMP / 2  # rad, one ramp
    return (2 * up + speed * hold) * 10.0 / (2 * np.pi)


# %% cnc-axis-longest
def longest_hold(speed, room):
    ramps = RG * speed**2 / RAMP
    if ramps >= room:
        return 0.0
    return (room - ramps) / (RG * abs(speed))


# %% cnc-axis-runs
runs = []
for speed in (10.0, 25.0, 45.0, 60.0):
    runs += [(speed, 0.75), (-speed, 0.75)]


# %% cnc-axis-measure
plant.close()
plant = power_up()
plant.write(mode=1, Kv=0.05, Tv=0.1, ramp=RAMP, u_limit=3.0)
for speed, seconds in runs:
    plant.step(speed_set=speed)
    plant.wait(seconds - plant.dt)
plant.write(mode=0)
plant.wait(0.5)
measured = plant.recording.as_plain()


# %% cnc-axis-fit
def fit_axis(speed, u, dt, slow):
    w, v = smooth(np.array(speed), 15), smooth(np.array(u), 15)
    a = np.zeros(len(w))
    a[5:-5] = (w[10:] - w[:-10]) / (10 * dt)
    rows = np.flatnonzero(np.abs(w) > slow)
    rows = rows[(rows >= 5) & (rows < len(w) - 5)]
    N, r = np.zeros((4, 4)), np.zeros(4)
    A = np.array([a, w, (w > 0) * 1.0, (w < 0) * -1.0])[:, rows]
    for i in range(4):
        r[i] = np.sum(A[i] * v[rows])
        for j in range(4):
            N[i, j] = np.sum(A[i] * A[j])
    names = ["inertia", "viscous", "coulomb_plus", "coulomb_minus"]
    return dict(zip(names, np.linalg.solve(N, r).tolist()))


# %% cnc-axis-own
recorded = pd.DataFrame(measured["rows"], columns=measured["inputs"] + measured["outputs"])
axis = fit_axis(recorded["speed"].values, recorded["u"].values, measured["dt"], 5.0)


# %% cnc-axis-tune
def tune(inertia, dead_time, margin=50.0):
    w = 1e-3 / dead_time
    while 90 - np.degrees(np.arctan(1 / 5)) - np.degrees(w * dead_time) > margin:
        w *= 1.002
    return {"Kv": inertia * w * 5 / np.sqrt(26), "Tv": 5 / w, "Kp": w / 4.5}


# %% cnc-axis-judge
def overshoot(position, start, target):
    if target > start:
        return float(max(0.0, np.max(position) - target))
    return float(max(0.0, target - np.min(position)))


# %% cnc-axis-turn
def reversal(t, error, period):
    wave = np.exp(2j * np.pi * (np.asarray(t) - t[0]) / period)
    A = np.column_stack([np.ones(len(t)), wave.real, wave.imag])
    amplitudes = np.linalg.pinv(A) @ error
    return np.max(np.abs(error - A @ amplitudes))


# %% cnc-axis-prove
plant.close()
plant = power_up()
gains = tune(axis["inertia"], DEAD_TIME, 50.0)
plant.write(mode=2, feed=100.0, acceleration=1000.0, u_limit=6.0, **gains)
plant.wait(0.5)
plant.write(target=60.0)
plant.wait(1.5)
plant.write(radius=20.0)
plant.wait(4.5)
plant.write(mode=0)
plant.wait(0.5)
run = plant.recording.as_plain()
