"""scipy's curve_fit, numpy's trapezoids, an observer with a fixed gain."""


# %% auto-battery-current
def largest_current(ocv, v_low, R, G, dT, reserve):
    both = np.array([(ocv - v_low) / R, np.sqrt(G * dT / R)])
    return float((1 - reserve) * both.min())


# %% auto-battery-charge
def charge_moved(I, dt, offset):
    I = np.asarray(I)
    return float((I.mean() - offset) * len(I) * dt / 3600)


# %% auto-battery-uncertainty
def uncertainty(Q, hours, u_offset, u_scale):
    return float(np.linalg.norm([hours * u_offset, Q * u_scale]))


# %% auto-battery-capacity
plant.close()
plant = power_up()
rest = plant.wait(400.0)["I"]
offset = float(rest.mean())
plant.write(mode=2, current=0.6, v_high=4.1, I_end=0.05)
until_done(plant)
plant.write(mode=0)
plant.wait(1800.0)
plant.write(mode=1, current=1.0, v_low=2.8)
table = until_done(plant).query("state == 1")
Q = charge_moved(table["I"], 1.0, offset)
u_Q = uncertainty(Q, len(table) / 3600, rest.std() / math.sqrt(len(rest)), 0.002 / math.sqrt(3))
capacity_run = plant.recording.as_plain()


# %% auto-battery-pulse
def fit_pulse(t, drop, I):
    from scipy.optimize import curve_fit

    def model(t, R0, R1, tau):
        return I * (R0 + R1 * -np.expm1(-t / tau))

    (R0, R1, tau), _ = curve_fit(model, t, drop, [0.04, 0.06, 30.0])
    return {"tau": tau, "R0": R0, "R1": R1}


# %% auto-battery-own-pulse
plant.close()
plant = power_up()
before = plant.wait(90.0)["V"].mean()
plant.write(mode=1, current=2.0)
V = plant.wait(120.0)["V"].to_numpy()
pulse = fit_pulse(np.arange(1, len(V) + 1), before - V, 2.0)
pulse_run = plant.recording.as_plain()


# %% auto-battery-counted
def counted(I, dt, Q, soc0, offset):
    moved = (pd.Series(np.asarray(I)) - offset).cumsum() * dt
    return (soc0 - moved / (3600 * Q)).to_numpy()


# %% auto-battery-corrected
def corrected(V, I, dt, Q, pulse, soc0):
    R0, R1, a = pulse["R0"], pulse["R1"], math.exp(-dt / pulse["tau"])
    x, P, A = np.array([soc0, 0.0]), np.diag([0.01, 1e-6]), np.diag([1.0, a])
    found = []
    for v, i in zip(np.asarray(V), np.asarray(I)):
        x = np.array([x[0] - i * dt / 3600 / Q, a * x[1] + R1 * (1 - a) * i])
        P = A @ P @ A + np.diag([1e-10, 1e-8])
        z = min(max(x[0], 0.01), 1.0)
        H = np.array([slope(z), -1.0])
        K = P @ H / (H @ P @ H + 4e-4)
        x = x + K * (v - (open_circuit_voltage(z) - x[1] - R0 * i))
        P = P - np.outer(K, H @ P)
        found.append(x[0])
    return np.array(found)


# %% auto-battery-drive
plant.close()
plant = power_up()
plant.write(mode=3, v_low=3.0)
plant.wait(1900.0)
run = plant.recording.as_plain()
table = link.Recording.from_plain(run).table
soc_hat = corrected(table["V"], table["I"] - offset, 1.0, Q / 0.972, pulse, 0.5)
