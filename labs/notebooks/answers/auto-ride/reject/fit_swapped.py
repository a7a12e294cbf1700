"""Returns slope and friction in each other's place.

fails: auto-ride-fit-test, auto-ride-own-fit-test
"""


# %% auto-ride-fit
def fit_damper(v, F, dt):
    from scipy.optimize import least_squares

    found = least_squares(
        lambda q: force(v, dt, *np.exp(q)) - F, np.log([500.0, np.std(F), 0.03, 0.005])
    )
    return dict(zip(("f", "c", "v0", "tau"), map(float, np.exp(found.x))))
