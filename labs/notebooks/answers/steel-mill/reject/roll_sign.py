"""Sign: takes more force for more eccentricity.

fails: steel-mill-roll-test, steel-mill-own-roll-test, steel-mill-accept-test
"""


# %% steel-mill-roll
def roll(angle, F, M):
    line = np.linspace(0.0, 1.0, len(angle))
    X = np.column_stack([np.sin(angle), np.cos(angle), np.ones(len(angle)), line])
    a, b, *_ = np.linalg.lstsq(X, F / M, rcond=None)[0]
    return np.hypot(a, b), np.arctan2(b, a)


e_amp, e_phase = roll(turning["angle"], turning["F"], M_hat)
