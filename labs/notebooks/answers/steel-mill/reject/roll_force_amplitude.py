"""Units: gives the amplitude of the force (MN), not of the roll (mm).

fails: steel-mill-roll-test, steel-mill-own-roll-test, steel-mill-accept-test
"""


# %% steel-mill-roll
def roll(angle, F, M):
    line = np.linspace(0.0, 1.0, len(angle))
    X = np.column_stack([np.sin(angle), np.cos(angle), np.ones(len(angle)), line])
    a, b, *_ = np.linalg.lstsq(X, -np.asarray(F), rcond=None)[0]
    return np.hypot(a, b), np.arctan2(b, a)


e_amp, e_phase = roll(turning["angle"], turning["F"], M_hat)
