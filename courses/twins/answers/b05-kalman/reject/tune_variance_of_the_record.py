"""R is the variance of the readings, process and all; Q a tenth of it.

fails: b05-kalman-white-test, b05-kalman-size-test
"""

# %% b05-kalman-tune
def tune(y, u, A, B, C):
    r = np.var(y)
    return 0.1 * r * np.eye(len(A)), np.array([[r]])
