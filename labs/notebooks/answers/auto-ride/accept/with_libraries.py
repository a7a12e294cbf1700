"""scipy does the lag, the waves and the fits."""


# %% auto-ride-safe
def safe_amplitude(f, gain, travel_max, speed_max, reserve):
    limits = np.array([travel_max, speed_max / (2 * np.pi * f)])
    return float(limits.min() * (1 - reserve) / gain)


# %% auto-ride-runs
plant.close()
plant = power_up()
A = 0.0085
plant.write(shaker=1, frequency=3.3, amplitude=A)
for current in (1.1, 0.7, 0.4, 0.2, 0.0):
    plant.write(current=current)
    plant.wait(2.6)
damper_run = plant.recording.as_plain()


# %% auto-ride-force
def force(v, dt, c, f, v0, tau):
    from scipy.signal import lfilter

    v = np.asarray(v, dtype=float)
    p = np.exp(-dt / tau)
    w = v[0] + lfilter([1 - p], [1, -p], v - v[0])
    return c * w + f * np.tanh(w / v0)


# %% auto-ride-fit
def fit_damper(v, F, dt):
    from scipy.optimize import curve_fit

    def model(v, *q):
        return force(v, dt, *q)

    start = [500.0, 300.0, 0.03, 0.006]
    found, _ = curve_fit(model, v, F, start, bounds=([0, 0, 1e-3, 1e-4], [5e3, 5e3, 1, 0.1]))
    return {"tau": found[3], "v0": found[2], "f": found[1], "c": found[0]}


# %% auto-ride-own
found = [fit_damper(*piston(damper_run, I), 0.005) for I in currents if I > 0]
line = np.polynomial.Polynomial.fit([I for I in currents if I > 0], [q["f"] for q in found], 1)
f0, f1 = line.convert().coef
c = float(np.mean([q["c"] for q in found]))
v0 = float(np.mean([q["v0"] for q in found]))
damper = {"c": c, "f0": float(f0), "f1": float(f1), "v0": v0}


# %% auto-ride-amplitude
def amplitude(t, y, f):
    t, y = np.asarray(t), np.asarray(y)
    w = 2 * np.pi * f
    X = np.column_stack([np.sin(w * t), np.cos(w * t), np.ones(len(t))])
    a, b, _ = np.linalg.lstsq(X, y, rcond=None)[0]
    return math.hypot(a, b)


# %% auto-ride-hop
plant.close()
plant = power_up()
rows = []
for current in (0.0, 1.0):
    plant.write(shaker=1, current=current)
    for f in (7.0, 8.5, 9.5, 10.5, 12.0, 14.0):
        A = 0.001
        plant.write(frequency=f, amplitude=A)
        plant.wait(1.0)
        table = plant.wait(2.0)
        rows.append((f, current, amplitude(table.index, table["tyre"], f) / A))
hop = pd.DataFrame(rows, columns=["f", "I", "gain"])
hop_run = plant.recording.as_plain()


# %% auto-ride-skyhook
def skyhook(v_body, v_rel, c_sky, damper, I_high):
    c, f0, f1, v0 = (damper[name] for name in ("c", "f0", "f1", "v0"))
    if np.sign(v_body) * np.sign(v_rel) < 1:
        return 0.0
    wanted = c_sky * np.abs(v_body) - c * np.abs(v_rel)
    return float(np.clip((wanted / np.tanh(np.abs(v_rel) / v0) - f0) / f1, 0.0, I_high))


# %% auto-ride-drive
plant.close()
plant = power_up()
plant.write(speed=20.0, rule=0, current=0.2, shaker=2)
plant.wait(13.0)
plant.write(shaker=0)
plant.wait(5.0)
plant.write(**{f"{name}_hat": value for name, value in damper.items()})
plant.write(rule=1, c_sky=8000.0, I_low=0.0, I_high=1.5, shaker=2)
plant.wait(13.0)
run = plant.recording.as_plain()
