"""Another formula, a library's filter, normal equations, a doublet for the check."""


# %% air-pitch-largest
def largest_input(alpha_limit, M_alpha, M_delta, spread, swing, reserve):
    per_degree = swing * M_delta / -M_alpha * (1 + spread) / (1 - spread)
    return (1 - reserve) * alpha_limit / per_degree


# %% air-pitch-card
def test_card(amplitude, unit, pattern):
    card, sign = [], 1
    for n in pattern:
        card.append((n * unit, sign * amplitude))
        sign = -sign
    card.append((8.0, 0.0))
    return card


# %% air-pitch-fit-flight
plant.close()
plant = start()
fly(plant, test_card(1.2, 1.75, [3, 2, 1, 1]))
fit_run = plant.recording.as_plain()

# %% air-pitch-check-flight
plant.close()
plant = start()
fly(plant, test_card(1.7, 1.5, [1, 1]))
check_run = plant.recording.as_plain()


# %% air-pitch-filtered
def filtered(x, tau, dt):
    from scipy.signal import lfilter

    x = np.asarray(x, dtype=float)
    keep = np.exp(-dt / tau)
    x_f = x[0] + lfilter([1 - keep], [1, -keep], x - x[0])
    return x_f, (x - x_f) / tau


# %% air-pitch-identify
def identify(table):
    q = filtered(table["q"], VANE_LAG, DT)[0]
    d = filtered(table["delta"], VANE_LAG, DT)[0]
    a = np.asarray(table["alpha"]) + VANE_ARM * q
    a, da = filtered(a, 0.5, DT)
    q, dq = filtered(q, 0.5, DT)
    d, _ = filtered(d, 0.5, DT)
    X = np.column_stack([np.ones(len(a)), np.asarray(table.index), a, q, d])
    M = np.linalg.solve(X.T @ X, X.T @ dq)
    slope = np.polyfit(a, da - q - Z_DELTA * d, 1)[0]
    return dict(Z_alpha=slope, M_alpha=M[2], M_q=M[3], M_delta=M[4])


# %% air-pitch-simulated
def simulated(model, delta, dt):
    A = np.array([[model["Z_alpha"], 1.0], [model["M_alpha"], model["M_q"]]])
    B = np.array([Z_DELTA, model["M_delta"]])
    x, q = np.zeros(2), [0.0]
    for d in np.asarray(delta)[:-1]:
        half = x + dt / 2 * (A @ x + B * d)
        x = x + dt * (A @ half + B * d)
        q.append(float(x[1]))
    return np.array(q)


# %% air-pitch-gains
def gains(model, budget, step, least):
    K_theta, K_q = budget / step, 0.0
    while damping(poles(model, K_theta, K_q, 0.25 * K_theta)) < least:
        K_q += 0.05
    return dict(K_theta=K_theta, K_q=K_q, K_i=0.25 * K_theta)


# %% air-pitch-flight
plant.close()
plant = start()
plant.write(**gains(model, 7.0, 3.0, 0.65))
plant.write(law=1)
plant.wait(5.0)
plant.write(theta_ref=3.0)
plant.wait(20.0)
plant.write(theta_ref=0.0)
plant.wait(10.0)
plant.write(turbulent=1)
plant.wait(70.0)
run = plant.recording.as_plain()
