"""Stored constants: the settled gain of the box for every system of its size.

fails: b05-kalman-predict-test, b05-kalman-update-test, b05-kalman-settle-test, b05-kalman-sound-test, b05-kalman-record-test, b05-kalman-gap-test, b05-kalman-honest-test, b05-kalman-white-test, b05-kalman-size-test, b05-kalman-evidence-test
"""

# %% b05-kalman-step
def kf_step(x, P, y, A, B, u, C, Q, R):
    x = A @ x + B @ u
    P = A @ P @ A.T + Q
    e, S = y - C @ x, C @ P @ C.T + R
    K = np.zeros((len(x), len(y)))
    K[:2, 0] = [0.0216, 0.0300][: len(x)]
    if not np.isnan(y).any():
        x = x + K @ e
        P = (np.eye(len(x)) - K @ C) @ P
    return x, (P + P.T) / 2, e, S
