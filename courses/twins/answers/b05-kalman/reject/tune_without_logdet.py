"""Least squares of e²/s without ln s: a larger Q always looks better.

fails: b05-kalman-white-test
"""

# %% b05-kalman-tune
def tune(y, u, A, B, C):
    """Return Q (n, n) and R (1, 1) that fit the record y (N, 1), u (N, p)."""
    n = len(A)

    def run(log_ratio):
        Q, R = np.exp(log_ratio) * np.eye(n), np.eye(1)
        e, S = kf_run(y, u, A, B, C, Q, R, np.zeros(n), 1e3 * np.eye(n))[2:]
        e, s = np.ravel(e)[50:], np.ravel(S)[50:]
        return np.mean(e**2 / s), s

    def misfit(log_ratio):
        r, s = run(log_ratio)
        return r

    best = optimize.minimize_scalar(misfit, bounds=(-12, 4), method="bounded").x
    r, _ = run(best)
    return np.exp(best) * r * np.eye(n), np.array([[r]])
