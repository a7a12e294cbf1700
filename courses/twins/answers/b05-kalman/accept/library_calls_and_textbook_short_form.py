"""Library discretisation, the short form made symmetric, likelihood of each ratio minimised over r.

The way of somebody who takes what SciPy has and writes the textbook's lines in its order.
"""

# %% b05-kalman-model
from scipy import signal


def box_model(p, Ts):
    Fc = np.zeros((2, 2))
    Fc[0] = np.array([-p["G_heater"], p["G_heater"]]) / p["C_heater"]
    Fc[1] = np.array([p["G_heater"], -p["G_heater"] - p["G_box"]]) / p["C_air"]
    Gc = np.diag([p["power"] / p["C_heater"], p["G_box"] / p["C_air"]])
    Cc = np.array([[0.0, 1.0]])
    Ad, Bd, Cd, _, _ = signal.cont2discrete((Fc, Gc, Cc, np.zeros((1, 2))), Ts, method="zoh")
    return Ad, Bd, Cd


# %% b05-kalman-step
def kf_step(x, P, y, A, B, u, C, Q, R):
    x_minus = A.dot(x) + B.dot(u)
    P_minus = A.dot(P).dot(A.T) + Q
    innovation = y - C.dot(x_minus)
    S = C.dot(P_minus).dot(C.T) + R
    alive = np.flatnonzero(np.isfinite(y))
    if len(alive) == 0:
        return x_minus, 0.5 * (P_minus + P_minus.T), innovation, S
    Ca = C[alive, :]
    K = P_minus.dot(Ca.T).dot(np.linalg.inv(S[alive][:, alive]))
    P_plus = (np.eye(x.size) - K.dot(Ca)).dot(P_minus)
    return x_minus + K.dot(innovation[alive]), 0.5 * (P_plus + P_plus.T), innovation, S


# %% b05-kalman-run
def kf_run(y, u, A, B, C, Q, R, x0, P0):
    m = C.shape[0]
    rows = [(np.array(x0), np.array(P0), np.full(m, np.nan), np.full((m, m), np.nan))]
    for pushed, measured in zip(u[:-1], y[1:]):
        rows.append(kf_step(rows[-1][0], rows[-1][1], measured, A, B, pushed, C, Q, R))
    return tuple(np.stack(column) for column in zip(*rows))


# A quick try, left in the cell; tests must not mind its names.
rng = np.random.default_rng(0)
truth = np.cumsum(rng.normal(size=50))
y = (truth + rng.normal(size=50))[:, None]
score = kf_run(y, np.zeros((50, 1)), np.eye(1), np.zeros((1, 1)), np.eye(1), np.eye(1), np.eye(1), y[0], np.eye(1))
error = squares = inside = growth = score[0][:, 0] - truth


# %% b05-kalman-nis
def nis_check(e, S, confidence=0.95):
    squares, m = [], e.shape[1]
    for ek, Sk in zip(e, S):
        if not np.any(np.isnan(ek)):
            squares.append(float(ek @ np.linalg.inv(Sk) @ ek))
    K = len(squares)
    low, high = stats.chi2.interval(confidence, K * m)
    return sum(squares) / K, low / K, high / K


# %% b05-kalman-alarm
def lid_alarm(e, S):
    # A forgetting mean of NIS: quick to rise, forgets within a few minutes.
    mean, alarm = 1.0, []
    for ek, Sk in zip(e[:, 0], S[:, 0, 0]):
        if not np.isnan(ek):
            mean += (min(ek**2 / Sk, 30.0) - mean) / 15
        alarm.append(mean > 3.0)
    return np.array(alarm)


# %% b05-kalman-tune
def tune(y, u, A, B, C, ratios):
    n, start = A.shape[0], np.full(A.shape[0], y[0, 0])

    def filtered(ratio):
        _, _, e, S = kf_run(y, u, A, B, C, ratio * np.eye(n), np.eye(1), start, 1000.0 * np.eye(n))
        return e[25:, 0], S[25:, 0, 0]

    def minus_log_likelihood(log_r, e, s):
        return np.sum(log_r + np.log(s) + e**2 / (np.exp(log_r) * s))

    found = []
    for ratio in ratios:
        fit = optimize.minimize_scalar(minus_log_likelihood, bounds=(-9, 4), args=filtered(ratio))
        found.append((fit.fun, ratio, np.exp(fit.x)))
    _, ratio, r = sorted(found)[0]
    return np.diag(np.full(n, ratio * r)), np.diag([r])


# %% b05-kalman-evidence
my_number = 27
trial = acceptance_trial(my_number)
inputs = np.column_stack([trial.heater, trial.T_room])
A, B, C = box_model(BOX, Ts)
x, P, e, S = kf_run(
    np.array(trial["T_box"]).reshape(-1, 1), inputs, A, B, C,
    np.diag([1e-4, 1e-4]), np.diag([0.0625]), np.full(2, 21.0), np.diag([1.0, 1.0]),
)
count, above = 0, []
for reference, mean, cov in zip(trial["T_heater"], x, P):
    above.append(reference - mean[0])
    count += (above[-1]) ** 2 <= 4 * cov[0, 0]
evidence = dict(zip(["nis", "low", "high"], nis_check(e, S, 0.95)))
evidence["coverage"] = count / len(trial)
evidence["worst"] = max(above)
released = x[:, 0] + 2 * P[:, 0, 0] ** 0.5 < 45.0
evidence["unsafe"] = int(released[trial.T_heater.to_numpy() >= 45.0].sum())
