"""R is the variance of the readings, process and all; of the ratios the middle one is taken.

fails: b05-kalman-white-test, b05-kalman-size-test
"""

# %% b05-kalman-tune
def tune(y, u, A, B, C, ratios):
    r = np.var(y)
    return np.median(ratios) * r * np.eye(len(A)), np.array([[r]])
