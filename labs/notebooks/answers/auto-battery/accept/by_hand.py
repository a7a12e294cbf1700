"""Loops, a grid for tau, scalars instead of matrices."""


# %% auto-battery-current
def largest_current(ocv, v_low, R, G, dT, reserve):
    I = (ocv - v_low) / R
    if I * I * R > G * dT:
        I = (G * dT / R) ** 0.5
    return I - reserve * I


# %% auto-battery-charge
def charge_moved(I, dt, offset):
    moved = 0.0
    for reading in I:
        moved += (reading - offset) * dt
    return moved / 3600


# %% auto-battery-uncertainty
def uncertainty(Q, hours, u_offset, u_scale):
    return (u_offset**2 * hours**2 + u_scale**2 * Q**2) ** 0.5


# %% auto-battery-capacity
plant.close()
plant = power_up()
rest = plant.wait(600.0)["I"]
offset = float(rest.mean())
plant.write(mode=2, current=0.8, v_high=4.1, I_end=0.05)
until_done(plant)
plant.write(mode=0)
plant.wait(2400.0)
plant.write(mode=1, current=1.0, v_low=2.8)
table = until_done(plant).query("state == 1")
Q = charge_moved(table["I"], 1.0, offset)
u_Q = uncertainty(Q, len(table) / 3600, rest.std() / math.sqrt(len(rest)), 0.002 / math.sqrt(3))
capacity_run = plant.recording.as_plain()


# %% auto-battery-pulse
def fit_pulse(t, drop, I):
    best = None
    for tau in np.geomspace(5, 200, 800):
        X = np.column_stack([np.ones(len(t)), 1 - np.exp(-t / tau)])
        q = np.linalg.lstsq(X, drop / I, rcond=None)[0]
        miss = np.sum((X @ q - drop / I) ** 2)
        if best is None or miss < best[0]:
            best = (miss, q, tau)
    return {"R0": float(best[1][0]), "R1": float(best[1][1]), "tau": float(best[2])}


# %% auto-battery-own-pulse
plant.close()
plant = power_up()
before = plant.wait(120.0)["V"].mean()
plant.write(mode=1, current=2.0)
V = plant.wait(118.0)["V"].to_numpy()
pulse = fit_pulse(np.arange(1, len(V) + 1), before - V, 2.0)
pulse_run = plant.recording.as_plain()


# %% auto-battery-counted
def counted(I, dt, Q, soc0, offset):
    soc, out = soc0, []
    for reading in I:
        soc -= (reading - offset) * dt / (3600 * Q)
        out.append(soc)
    return np.array(out)


# %% auto-battery-corrected
def corrected(V, I, dt, Q, pulse, soc0):
    z, V1, p, out = soc0, 0.0, 0.01, []
    keep = math.exp(-dt / pulse["tau"])
    for v, i in zip(V, I):
        z -= i * dt / 3600 / Q
        V1 = keep * V1 + (1 - keep) * pulse["R1"] * i
        p += 1e-9
        h = slope(min(max(z, 0.01), 1.0))
        gain = p * h / (h * h * p + 1e-4)
        z += gain * (v - open_circuit_voltage(z) + V1 + pulse["R0"] * i)
        p *= 1 - gain * h
        out.append(z)
    return np.array(out)


# %% auto-battery-drive
plant.close()
plant = power_up()
plant.write(mode=3, v_low=3.0)
plant.wait(2000.0)
run = plant.recording.as_plain()
table = link.Recording.from_plain(run).table
soc_hat = corrected(table["V"], table["I"] - offset, 1.0, Q / 0.972, pulse, 0.5)
