"""The short form (I - KC)P as the textbook prints it, in the precision of the data.

fails: b05-kalman-sound-test
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
    return x + K @ e[seen], keep @ P, e, S
