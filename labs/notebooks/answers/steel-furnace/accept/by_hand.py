"""Search by hand: areas and grids instead of optimisers, another step, another setting."""


# %% steel-furnace-highest
def highest_power(T_room, gain, T_limit, spread, reserve):
    Q = (T_limit - reserve - T_room) / gain / (1 + spread)
    return float(np.clip(Q, 0, 100))


# %% steel-furnace-step
plant.close()
plant = start()
plant.write(Q_hand=35.0)
plant.wait(1200)
plant.write(Q_hand=60.0)
plant.wait(1200)
step_run = plant.recording.as_plain()


# %% steel-furnace-fopdt
def fopdt(t, T, dQ):
    T_0 = T[t <= 0].mean()
    best = None
    for tau in np.geomspace(40, 400, 60):
        for theta in np.arange(0.0, 40.0, 2.0):
            rise = 1 - np.exp(-np.maximum(t - theta, 0) / tau)
            X = np.column_stack([rise, np.ones(len(t))])
            (a, b), miss, *_ = np.linalg.lstsq(X, T, rcond=None)
            if best is None or miss[0] < best[0]:
                best = miss[0], a / dQ, tau, theta
    start = best[1:]

    def miss(q):
        return q[3] + q[0] * dQ * (1 - np.exp(-np.maximum(t - q[2], 0) / q[1])) - T

    K, tau, theta, _ = optimize.least_squares(miss, [*start, T_0], x_scale=[1, 100, 10, 10]).x
    return K, tau, max(theta, 0.0)


step = last_step(link.Recording.from_plain(step_run).table)
K, tau, theta = fopdt(*step)


# %% steel-furnace-metal
def metal(t, T, lag):
    dt = t[1] - t[0]
    n = int(round(15 / dt))
    out = np.array(T, dtype=float)
    for k in range(len(T)):
        a, b = max(k - n, 0), min(k + n + 1, len(T))
        slope, level = np.polyfit(t[a:b] - t[k], T[a:b], 1)
        out[k] = level + lag * slope
    return out


# %% steel-furnace-energy
def energy(t, P):
    total = 0.0
    for k in range(1, len(t)):
        total += P[k] * (t[k] - t[k - 1])
    return total


def demand(t, P, window):
    n = round(window / (t[1] - t[0]))
    P = np.asarray(P)[1:]
    return max(float(P[k : k + n].mean()) for k in range(0, len(P) - n + 1, n))


# %% steel-furnace-tune
def lambda_pi(K, tau, theta, Tc):
    fast = Tc + theta
    return tau / K / fast, tau if tau < 4 * fast else 4 * fast


# %% steel-furnace-cycle
plant.close()
plant = start()
Kp, Ti = tau / (K * (18.0 + theta)), min(tau, 4 * (18.0 + theta))
plant.write(T_set=55.0, Kp=Kp, Ti=Ti, Td=0.0, Q_max=73.0)
plant.wait(5)
plant.write(auto=1)
plant.wait(1230)
plant.write(door=1)
plant.wait(60)
plant.write(door=0)
plant.wait(580)
run = plant.recording.as_plain()
