"""Standard deviations are returned where variances are asked for.

fails: b05-kalman-white-test, b05-kalman-size-test
"""

# %% b05-kalman-tune
def tune(y, u, A, B, C, ratios):
    """Return Q (n, n) and R (1, 1) that fit the record y (N, 1), u (N, p); Q/R is one of ratios."""
    n = len(A)

    def misfit_and_variances(ratio):
        e, S = kf_run(y, u, A, B, C, ratio * np.eye(n), np.eye(1), np.zeros(n), 1e6 * np.eye(n))[2:]
        e, s = np.ravel(e), np.ravel(S)
        r = np.nanmean(e**2 / s)
        return np.log(r) + np.nanmean(np.log(s)), ratio * r, r

    misfit, q, r = min(misfit_and_variances(ratio) for ratio in ratios)
    return np.sqrt(q) * np.eye(n), np.sqrt([[r]])
