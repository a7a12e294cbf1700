"""The Joseph form without its second term: the noise of the sensor never enters P.

fails: b05-kalman-update-test, b05-kalman-settle-test, b05-kalman-honest-test, b05-kalman-white-test, b05-kalman-evidence-test
"""

# %% b05-kalman-step
def kf_step(x, P, y, A, B, u, C, Q, R):
    """Predict with the input u, then update with the measurement y. Return x, P, e, S."""
    x = A @ x + B @ u
    P = A @ P @ A.T + Q
    e = y - C @ x
    S = C @ P @ C.T + R
    seen = ~np.isnan(y)  # with nothing seen, K has no column and changes nothing
    H = C[seen]
    K = np.linalg.solve(S[np.ix_(seen, seen)], H @ P).T
    keep = np.eye(len(x)) - K @ H
    P = keep @ P @ keep.T
    return x + K @ e[seen], (P + P.T) / 2, e, S
