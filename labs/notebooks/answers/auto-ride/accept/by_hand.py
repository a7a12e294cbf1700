"""Loops, a grid for the two numbers that are not linear, sums for the wave."""


# %% auto-ride-safe
def safe_amplitude(f, gain, travel_max, speed_max, reserve):
    A = travel_max * (1 - reserve) / gain
    omega = 2 * math.pi * f
    if omega * gain * A > speed_max * (1 - reserve):
        A = speed_max * (1 - reserve) / (omega * gain)
    return A


# %% auto-ride-runs
plant.close()
plant = power_up()
A = 0.010
plant.write(shaker=1, frequency=3.0, amplitude=A)
for current in (0.0, 0.25, 0.5, 0.75, 1.0):
    plant.write(current=current)
    plant.wait(2.5)
damper_run = plant.recording.as_plain()


# %% auto-ride-force
def force(v, dt, c, f, v0, tau):
    kept = math.exp(-dt / tau)
    w, out = v[0], []
    for speed in v:
        w = kept * w + (1 - kept) * speed
        out.append(c * w + f * math.tanh(w / v0))
    return np.array(out)


# %% auto-ride-fit
def fit_damper(v, F, dt):
    def best(v0, tau):
        X = np.column_stack([force(v, dt, 1, 0, v0, tau), force(v, dt, 0, 1, v0, tau)])
        q = np.linalg.lstsq(X, F, rcond=None)[0]
        return np.sum((F - X @ q) ** 2), q, v0, tau

    v0, tau = 0.03, 0.006
    for width in (1.5, 0.6, 0.25, 0.1, 0.04):
        around = np.exp(np.linspace(-width, width, 7))
        tries = [best(v0 * a, tau * b) for a in around for b in around]
        _, (c, f), v0, tau = min(tries, key=lambda one: one[0])
    return {"c": float(c), "f": float(f), "v0": float(v0), "tau": float(tau)}


# %% auto-ride-own
found = {I: fit_damper(*piston(damper_run, I), 0.005) for I in currents}
low, high = currents[1], currents[-1]
f1 = (found[high]["f"] - found[low]["f"]) / (high - low)
f0 = found[low]["f"] - f1 * low
middle = found[currents[2]]
damper = {"c": middle["c"], "f0": f0, "f1": f1, "v0": middle["v0"]}


# %% auto-ride-amplitude
def amplitude(t, y, f):
    mean = sum(y) / len(y)
    a = sum((v - mean) * math.cos(2 * math.pi * f * s) for s, v in zip(t, y))
    b = sum((v - mean) * math.sin(2 * math.pi * f * s) for s, v in zip(t, y))
    return 2 * math.sqrt(a**2 + b**2) / len(y)


# %% auto-ride-hop
plant.close()
plant = power_up()
rows = []
for current in (0.0, 1.0):
    plant.write(shaker=1, current=current)
    for f in (8.0, 9.0, 10.0, 12.0, 14.0):
        A = 0.0008
        plant.write(frequency=f, amplitude=A)
        plant.wait(1.0)
        table = plant.wait(1.0)
        rows.append((f, current, amplitude(table.index, table["tyre"], f) / A))
hop = pd.DataFrame(rows, columns=["f", "I", "gain"])
hop_run = plant.recording.as_plain()


# %% auto-ride-skyhook
def skyhook(v_body, v_rel, c_sky, damper, I_high):
    if v_body > 0 and v_rel > 0 or v_body < 0 and v_rel < 0:
        s = math.tanh(abs(v_rel) / damper["v0"])
        F = c_sky * abs(v_body) - damper["c"] * abs(v_rel) - damper["f0"] * s
        I = F / damper["f1"] / s
        return 0.0 if I < 0 else I_high if I > I_high else I
    return 0.0


# %% auto-ride-drive
plant.close()
plant = power_up()
plant.write(speed=20.0, rule=0, current=0.2, shaker=2)
plant.wait(12.5)
plant.write(shaker=0)
plant.wait(4.0)
plant.write(**{f"{name}_hat": value for name, value in damper.items()})
plant.write(rule=1, c_sky=5000.0, I_low=0.05, I_high=1.0, shaker=2)
plant.wait(6.0)
plant.wait(6.5)
run = plant.recording.as_plain()
