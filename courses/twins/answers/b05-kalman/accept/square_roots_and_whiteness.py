"""Eigenvectors, square roots of covariances, and tuning by whiteness and size themselves.

Nothing here is written as in the lesson: the step triangularises a root of P, the alarm is a
CUSUM, and tuning looks for the ratio with the whitest innovations.
"""

# %% b05-kalman-model
def box_model(p, Ts):
    a, b, c = p["G_heater"] / p["C_heater"], p["G_heater"] / p["C_air"], p["G_box"] / p["C_air"]
    rates, modes = np.linalg.eig(np.array([[-a, a], [b, -b - c]]))
    back = np.linalg.inv(modes)
    A = modes @ np.diag(np.exp(rates * Ts)) @ back
    area = modes @ np.diag(np.expm1(rates * Ts) / rates) @ back
    B = area @ np.array([[p["power"] / p["C_heater"], 0], [0, c]])
    return A, B, np.array([[0, 1]])


# %% b05-kalman-step
def root_of(V):
    values, vectors = np.linalg.eigh((V + V.T) / 2)
    return vectors * np.sqrt(np.clip(values, 0, None))


def kf_step(x, P, y, A, B, u, C, Q, R):
    x, P, y, A, B, u, C, Q, R = (np.asarray(a, dtype=float) for a in (x, P, y, A, B, u, C, Q, R))
    n = len(x)
    x = A @ x + B @ u
    root = np.hstack([A @ root_of(P), root_of(Q)])
    e = y - C @ x
    S = C @ root @ root.T @ C.T + R
    here = np.where(~np.isnan(y))[0]
    if here.size:
        H, Rh = C[here], R[np.ix_(here, here)]
        array = np.block([[root_of(Rh), H @ root], [np.zeros((n, here.size)), root]])
        lower = np.linalg.qr(array.T, mode="r").T
        x = x + lower[here.size :, : here.size] @ linalg.solve_triangular(
            lower[: here.size, : here.size], e[here], lower=True
        )
        root = lower[here.size :, here.size :]
    return x, root @ root.T, e, S


# %% b05-kalman-run
def kf_run(y, u, A, B, C, Q, R, x0, P0):
    N = len(y)
    m, n = np.shape(C)
    x, P = np.zeros((N, n)), np.zeros((N, n, n))
    e, S = np.zeros((N, m)) * np.nan, np.zeros((N, m, m)) * np.nan
    state, cov = x0, P0
    for k in range(N):
        if k > 0:
            state, cov, e[k], S[k] = kf_step(state, cov, y[k], A, B, u[k - 1], C, Q, R)
        x[k], P[k] = state, cov
    return x, P, e, S


# %% b05-kalman-nis
def nis_check(e, S, confidence=0.95):
    complete = np.isfinite(e).all(axis=1)
    # e = L z with S = L Lᵀ: the squares of z add up to the NIS.
    z = [linalg.solve_triangular(np.linalg.cholesky(Sk), ek, lower=True) for ek, Sk in zip(e[complete], S[complete])]
    K, m = np.shape(z)
    dist = stats.gamma(K * m / 2, scale=2 / K)
    return np.sum(np.square(z)) / K, dist.ppf(0.5 - confidence / 2), dist.ppf(0.5 + confidence / 2)


# %% b05-kalman-alarm
def lid_alarm(e, S):
    surplus = np.nan_to_num(e[:, 0] ** 2 / S[:, 0, 0] - 2.0, nan=0.0)
    alarm, level = np.zeros(len(e), dtype=bool), 0.0
    for k, step in enumerate(surplus):
        level = min(max(0.0, level + step), 40.0)
        alarm[k] = level > 20.0
    return alarm


# %% b05-kalman-tune
def tune(y, u, A, B, C, ratios):
    n = len(A)

    def innovations(ratio):
        S = linalg.solve_discrete_are(A.T, C.T, ratio * np.eye(n), np.eye(1))
        s = (C @ S @ C.T).item() + 1
        gain = (A @ S @ C.T).ravel() / s
        x, e = np.zeros(n), []
        for yk, uk in zip(y[:, 0], u):
            e.append(yk - C[0] @ x)
            x = A @ x + B @ uk + gain * e[-1]
        return np.array(e[50:]), s

    def colour(ratio):
        e, s = innovations(ratio)
        e = e - e.mean()
        return sum((e[lag:] @ e[:-lag] / (e @ e)) ** 2 for lag in range(1, 21))

    whitest = ratios[int(np.argmin([colour(ratio) for ratio in ratios]))]
    e, s = innovations(whitest)
    r = np.mean(e**2) / s
    return whitest * r * np.eye(n), np.array([[r]])


# %% b05-kalman-evidence
my_number = 41
trial = acceptance_trial(my_number)
A, B, C = box_model(BOX, Ts)
x, P, e, S = kf_run(
    trial["T_box"].values[:, None], trial[["heater", "T_room"]].values, A, B, C,
    np.eye(2) / 1e4, np.eye(1) / 16, np.array([21.0, 21.0]), np.eye(2),
)
band = 2 * np.sqrt(P[:, 0, 0])
reference = trial["T_heater"].values
inside = (reference > x[:, 0] - band) & (reference < x[:, 0] + band)
evidence = {"coverage": float(inside.mean()), "worst": float(np.max(reference - x[:, 0]))}
evidence["nis"], evidence["low"], evidence["high"] = nis_check(e, S)
evidence["unsafe"] = sum(hot >= 45 > upper for hot, upper in zip(reference, x[:, 0] + band))
