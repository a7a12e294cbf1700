"""Row 0 is updated with y[0], though the given belief knows it already.

fails: b05-kalman-record-test, b05-kalman-evidence-test
"""

# %% b05-kalman-run
def kf_run(y, u, A, B, C, Q, R, x0, P0):
    """Filter a whole record. Return x (N, n), P (N, n, n), e (N, m), S (N, m, m)."""
    (N, m), n = y.shape, len(x0)
    x, P = np.empty((N, n)), np.empty((N, n, n))
    e, S = np.full((N, m), np.nan), np.full((N, m, m), np.nan)
    still = np.eye(n), np.zeros((n, 1)), np.zeros(1)
    x[0], P[0], e[0], S[0] = kf_step(x0, P0, y[0], *still, C, np.zeros((n, n)), R)
    for k in range(1, N):
        x[k], P[k], e[k], S[k] = kf_step(x[k - 1], P[k - 1], y[k], A, B, u[k - 1], C, Q, R)
    return x, P, e, S
