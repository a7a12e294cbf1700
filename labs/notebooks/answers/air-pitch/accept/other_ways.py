"""Convolution for the lag, all signals filtered twice, exact discretisation, a table of gains."""


# %% air-pitch-largest
def largest_input(alpha_limit, M_alpha, M_delta, spread, swing, reserve):
    final = alpha_limit * (1 - reserve) / swing
    return final * -M_alpha * (1 - spread) / M_delta / (1 + spread)


# %% air-pitch-card
def test_card(amplitude, unit, pattern):
    signs = [amplitude if k % 2 == 0 else -amplitude for k in range(len(pattern))]
    return list(zip([n * unit for n in pattern] + [8.0], signs + [0.0]))


# %% air-pitch-fit-flight
plant.close()
plant = start()
fly(plant, test_card(1.4, 1.0, [3, 2, 1, 1]))
fit_run = plant.recording.as_plain()

# %% air-pitch-check-flight
plant.close()
plant = start()
fly(plant, test_card(1.3, 1.4, [3, 2, 1, 1]))
check_run = plant.recording.as_plain()


# %% air-pitch-filtered
def filtered(x, tau, dt):
    x = [float(value) for value in x]
    x_f = [x[0]]
    for value in x[1:]:
        x_f.append(x_f[-1] + dt / (tau + dt) * (value - x_f[-1]))
    x_f = np.array(x_f)
    return x_f, (np.array(x) - x_f) / tau


# %% air-pitch-identify
def identify(table):
    def soft(x):
        return filtered(x, 0.3, DT)

    t = np.asarray(table.index)
    q = filtered(table["q"], VANE_LAG, DT)[0]
    d = soft(filtered(table["delta"], VANE_LAG, DT)[0])[0]
    a, da = soft(np.asarray(table["alpha"]) + VANE_ARM * q)
    q, dq = soft(q)
    moment = np.linalg.lstsq(np.vstack([a, q, d, t, 0 * t + 1]).T, dq, rcond=None)[0]
    lift = np.linalg.lstsq(np.vstack([a, 0 * t + 1]).T, da - q - d * Z_DELTA, rcond=None)[0]
    return dict(zip(["Z_alpha", "M_alpha", "M_q", "M_delta"], [lift[0], *moment[:3]]))


# %% air-pitch-simulated
def simulated(model, delta, dt):
    from scipy.linalg import expm

    F = np.zeros((3, 3))
    F[0] = model["Z_alpha"], 1.0, Z_DELTA
    F[1] = model["M_alpha"], model["M_q"], model["M_delta"]
    step = expm(F * dt)
    x, q = np.zeros(3), []
    for d in np.asarray(delta):
        q.append(x[1])
        x[2] = d
        x = step @ x
    return np.array(q)


# %% air-pitch-gains
def gains(model, budget, step, least):
    K_theta = budget / step
    K_i = K_theta / 4
    tried = [0.05 * k for k in range(200)]
    enough = [K for K in tried if damping(poles(model, K_theta, K, K_i)) >= least]
    return {"K_theta": K_theta, "K_q": enough[0], "K_i": K_i}


# %% air-pitch-flight
plant.close()
plant = start()
plant.write(**gains(model, 7.8, 3.0, 0.6))
plant.write(law=1)
plant.wait(5.0)
plant.write(theta_ref=3.0)
plant.wait(20.0)
plant.write(theta_ref=0.0)
plant.wait(10.0)
plant.write(turbulent=1)
plant.wait(70.0)
run = plant.recording.as_plain()
