"""Other gaps and speed, a slope by hand, a lock-in of whole turns, the best gain as a formula."""


# %% steel-mill-deepest
def deepest(force_limit, M_sheet, spread, reserve):
    return (reserve - 1) * force_limit / M_sheet / (1 + spread)


# %% steel-mill-press
plant.close()
plant = start()
v = 4.0
plant.write(v=v)
rows = []
for S_ref in [-1.3, -1.6, -1.9, -2.1, -2.3, -2.5, -2.65]:
    plant.write(S_ref=float(S_ref))
    plant.wait(2.0)
    turn = plant.wait(2 * 2 * np.pi * 0.70 / v)
    rows.append((turn["S"].mean(), turn["F"].mean()))
press = pd.DataFrame(rows, columns=["S", "F"])
press_run = plant.recording.as_plain()


# %% steel-mill-modulus
def modulus(S, F, low, high):
    points = [(s, f) for s, f in zip(S, F) if low <= f <= high]
    s_mean = sum(s for s, _ in points) / len(points)
    f_mean = sum(f for _, f in points) / len(points)
    above = sum((s - s_mean) * (f - f_mean) for s, f in points)
    return -above / sum((s - s_mean) ** 2 for s, _ in points)


M_hat = modulus(press["S"], press["F"], 5.5, 15.0)


# %% steel-mill-roll
def roll(angle, F, M):
    angle, F = np.asarray(angle), np.asarray(F, dtype=float)
    k = np.arange(len(F))
    wave = np.exp(1j * angle)

    def without_line(z):
        X = np.column_stack([np.ones(len(k)), k])
        return z - X @ np.linalg.lstsq(X, z, rcond=None)[0]

    s, c, y = (without_line(z) for z in (wave.imag, wave.real, -F / M))
    a, b = np.linalg.solve([[s @ s, s @ c], [s @ c, c @ c]], [s @ y, c @ y])
    return abs(a + 1j * b), np.angle(a + 1j * b)


e_amp, e_phase = roll(turning["angle"], turning["F"], M_hat)


# %% steel-mill-gauge
def stiffness(dS, dF, M):
    K = -dF / dS
    return K * M / (M - K)


def sensitivities(C, M, Q, M_hat):
    x = C * M * Q / (M + Q) / M_hat
    e = M / (M + Q) / (1 - x)
    return 1 - e, e


# %% steel-mill-best
def best_gain(M, Q, M_hat, entry, ecc):
    K = M * Q / (M + Q)
    share = entry**2 / (entry**2 + ecc**2)
    return float(np.clip((1 - K / Q / share) * M_hat / K if share > 0 else 0.0, 0.0, 1.0))


# %% steel-mill-monitor
def monitor_gain(g, distance, v, lag, margin):
    return np.pi / 180 * (90 - margin) * v / (g * (distance + lag * v))


# %% steel-mill-coil
plant.close()
plant = start()
S_start = 1.1 + (3.2 - narrow["h_gauge"].mean()) * step["S"] / step["h_gauge"]
C = 0.8
g = sensitivities(C, M_hat, Q_hat, M_hat)[1]
thread(plant, S_start)
plant.write(M_hat=M_hat, C=C, e_amp=e_amp, e_phase=e_phase, h_ref=3.2)
plant.write(K_i=1.2)
plant.write(agc=1)
plant.wait(40.0)
run = plant.recording.as_plain()
