"""Ratio by likelihood with R = 1 held fixed: ratio and size are mixed up.

fails: b05-kalman-white-test, b05-kalman-size-test
"""

# %% b05-kalman-tune
def tune(y, u, A, B, C):
    """Return Q (n, n) and R (1, 1) that fit the record y (N, 1), u (N, p)."""
    n, settled = len(A), 50

    def run(log_ratio):
        e, S = kf_run(
            y, u, A, B, C, 10**log_ratio * np.eye(n), np.eye(1), np.full(n, y[0, 0]), 1e3 * np.eye(n)
        )[2:]
        s = S[settled:, 0, 0]
        return np.mean(e[settled:, 0] ** 2 / s), s

    def misfit(log_ratio):
        r, s = run(log_ratio)
        return len(s) * r + np.log(s).sum()

    best = optimize.minimize_scalar(misfit, bounds=(-6, 2), method="bounded", options={"xatol": 0.02}).x
    r = 1.0
    return 10**best * r * np.eye(n), r * np.eye(1)
