"""Half of highest less lowest force: noise and the lower roll are in it.

fails: steel-mill-roll-test, steel-mill-own-roll-test
"""


# %% steel-mill-roll
def roll(angle, F, M):
    line = np.linspace(0.0, 1.0, len(angle))
    X = np.column_stack([np.sin(angle), np.cos(angle), np.ones(len(angle)), line])
    a, b, *_ = np.linalg.lstsq(X, -np.asarray(F) / M, rcond=None)[0]
    return (np.max(F) - np.min(F)) / 2 / M, np.arctan2(b, a)


e_amp, e_phase = roll(turning["angle"], turning["F"], M_hat)
