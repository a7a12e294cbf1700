"""Loops and optimisers: scipy finds the roll, the best gain and the monitor's margin."""


# %% steel-mill-deepest
def deepest(force_limit, M_sheet, spread, reserve):
    for_this = force_limit - reserve * force_limit
    return -(for_this / (M_sheet + spread * M_sheet))


# %% steel-mill-press
plant.close()
plant = start()
v = 1.0
plant.write(v=v)
rows = []
for S_ref in np.arange(-1.2, -2.6, -0.15):
    plant.write(S_ref=float(S_ref))
    plant.wait(3.0)
    turn = plant.wait(2 * np.pi * 0.70 / v)
    rows.append((turn["S"].mean(), turn["F"].mean()))
press = pd.DataFrame(rows, columns=["S", "F"])
press_run = plant.recording.as_plain()


# %% steel-mill-modulus
def modulus(S, F, low, high):
    S, F = np.asarray(S), np.asarray(F)
    keep = (F >= low) & (F <= high)
    return float(
        np.linalg.lstsq(np.column_stack([-S[keep], np.ones(keep.sum())]), F[keep], rcond=None)[0][0]
    )


M_hat = modulus(press["S"], press["F"], 5.0, 12.0)


# %% steel-mill-roll
def roll(angle, F, M):
    from scipy.optimize import least_squares

    angle, F = np.asarray(angle), np.asarray(F)
    k = np.linspace(-1, 1, len(F))

    def miss(q):
        return F - q[2] - q[3] * k + M * (q[0] * np.sin(angle) + q[1] * np.cos(angle))

    a, b = least_squares(miss, [0.0, 0.0, F.mean(), 0.0]).x[:2]
    return math.hypot(a, b), math.atan2(b, a)


e_amp, e_phase = roll(turning["angle"], turning["F"], M_hat)


# %% steel-mill-gauge
def stiffness(dS, dF, M):
    return -dF * M / (M * dS + dF)


def sensitivities(C, M, Q, M_hat):
    # F = K (H - S - e), S = -C F / M_hat
    K = 1 / (1 / M + 1 / Q)
    F = K / (1 - C * K / M_hat)
    return 1 - F / Q, F / Q


# %% steel-mill-best
def best_gain(M, Q, M_hat, entry, ecc):
    from scipy.optimize import minimize_scalar

    def cost(C):
        a, b = sensitivities(C, M, Q, M_hat)
        return (a * entry) ** 2 + (b * ecc) ** 2

    inside = minimize_scalar(cost, bounds=(0.0, 1.0), method="bounded").x
    return float(min([0.0, inside, 1.0], key=cost))


# %% steel-mill-monitor
def monitor_gain(g, distance, v, lag, margin):
    from scipy.optimize import brentq

    theta = distance / v + lag
    return brentq(lambda K: 90 - math.degrees(K * g * theta) - margin, 0.0, 10.0 / (g * theta))


# %% steel-mill-coil
plant.close()
plant = start()
seen = [wide["h_gauge"].mean(), narrow["h_gauge"].mean()]
S_start = float(np.poly1d(np.polyfit(seen, [1.5, 1.1], 1))(3.2))
C = 1.0
g = sensitivities(C, M_hat, Q_hat, M_hat)[1]
thread(plant, S_start)
plant.wait(2.0)
plant.write(M_hat=M_hat, C=C, e_amp=e_amp, e_phase=e_phase, h_ref=3.2)
plant.write(K_i=0.8)
plant.write(agc=1)
plant.wait(42.0)
run = plant.recording.as_plain()
