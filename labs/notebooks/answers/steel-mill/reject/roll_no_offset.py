"""Fits without a constant and without drift.

fails: steel-mill-roll-test, steel-mill-own-roll-test
"""


# %% steel-mill-roll
def roll(angle, F, M):
    X = np.column_stack([np.sin(angle), np.cos(angle)])
    a, b = np.linalg.lstsq(X, -np.asarray(F) / M, rcond=None)[0]
    return np.hypot(a, b), np.arctan2(b, a)


e_amp, e_phase = roll(turning["angle"], turning["F"], M_hat)
