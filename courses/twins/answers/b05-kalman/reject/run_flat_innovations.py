"""Degenerate case: only the first sensor's innovation is kept, as one number a row.

fails: b05-kalman-record-test, b05-kalman-honest-test, b05-kalman-evidence-test
"""

# %% b05-kalman-run
def kf_run(y, u, A, B, C, Q, R, x0, P0):
    """Filter a whole record. Return x (N, n), P (N, n, n), e (N, m), S (N, m, m)."""
    (N, m), n = y.shape, len(x0)
    x, P = np.empty((N, n)), np.empty((N, n, n))
    e, S = np.full((N, m), np.nan), np.full((N, m, m), np.nan)
    x[0], P[0] = x0, P0
    for k in range(1, N):
        x[k], P[k], e[k], S[k] = kf_step(x[k - 1], P[k - 1], y[k], A, B, u[k - 1], C, Q, R)
    return x, P, e[:, 0], S[:, 0, 0]
