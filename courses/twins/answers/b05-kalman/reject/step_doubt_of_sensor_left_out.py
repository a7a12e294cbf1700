"""S without R: the thermometer is believed to the last digit.

fails: b05-kalman-predict-test, b05-kalman-update-test, b05-kalman-settle-test, b05-kalman-record-test, b05-kalman-gap-test, b05-kalman-honest-test, b05-kalman-white-test, b05-kalman-size-test, b05-kalman-evidence-test
"""

# %% b05-kalman-step
def kf_step(x, P, y, A, B, u, C, Q, R):
    """Predict with the input u, then update with the measurement y. Return x, P, e, S."""
    x = A @ x + B @ u
    P = A @ P @ A.T + Q
    e = y - C @ x
    S = C @ P @ C.T
    seen = ~np.isnan(y)  # with nothing seen, K has no column and changes nothing
    H = C[seen]
    K = np.linalg.solve(S[np.ix_(seen, seen)], H @ P).T
    keep = np.eye(len(x)) - K @ H
    return x + K @ e[seen], keep @ P @ keep.T + K @ R[np.ix_(seen, seen)] @ K.T, e, S
