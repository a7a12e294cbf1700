"""A step of 15 %, the model in logarithms, a smoothing by splines, and a PID with a little Td."""


# %% steel-furnace-highest
def highest_power(T_room, gain, T_limit, spread, reserve):
    for Q in (0.0, (T_limit - reserve - T_room) / (gain + gain * spread)):
        last = max(Q, 0.0)
    return min(100.0, last)


# %% steel-furnace-step
plant.close()
plant = start()
plant.write(Q_hand=45.0)
plant.wait(1000)
plant.write(Q_hand=60.0)
plant.wait(1000)
step_run = plant.recording.as_plain()


# %% steel-furnace-fopdt
def fopdt(t, T, dQ):
    def miss(q):
        K, tau, theta = np.exp(q[:3])
        return q[3] + K * dQ * (1 - np.exp(-np.maximum(t - theta, 0) / tau)) - T

    first = [np.log(0.7), np.log(150.0), np.log(8.0), T[0]]
    K, tau, theta = np.exp(optimize.least_squares(miss, first).x[:3])
    return float(K), float(tau), float(theta)


step = last_step(link.Recording.from_plain(step_run).table)
K, tau, theta = fopdt(*step)


# %% steel-furnace-metal
def metal(t, T, lag):
    dt = t[1] - t[0]
    n = 2 * int(18 / dt) + 1
    y = signal.savgol_filter(T, n, 2)
    return y + lag * signal.savgol_filter(np.gradient(y, dt), n, 2)


# %% steel-furnace-energy
def energy(t, P):
    meter = np.r_[0.0, np.cumsum(np.asarray(P)[1:] * np.diff(t))]
    return float(meter[-1])


def demand(t, P, window):
    n = int(round(window / (t[1] - t[0])))
    meter = np.r_[0.0, np.cumsum(np.asarray(P)[1:])][::n]
    return float(np.diff(meter).max() / n)


# %% steel-furnace-tune
def lambda_pi(K, tau, theta, Tc):
    Kp = tau / K / (Tc + theta)
    return Kp, min(tau, 4 * tau / (Kp * K))


# %% steel-furnace-cycle
plant.close()
plant = start()
Kp, Ti = tau / (K * (20.0 + theta)), min(tau, 4 * (20.0 + theta))
plant.write(T_set=55.0, Kp=Kp, Ti=Ti, Td=4.0, Q_max=74.5)
plant.wait(30)
plant.write(auto=1)
plant.wait(1200)
plant.write(door=1)
plant.wait(60)
plant.write(door=0)
plant.wait(600)
run = plant.recording.as_plain()
