"""Counts every sample as 5 ms.

fails: auto-ride-fit-test
"""


# %% auto-ride-fit
def fit_damper(v, F, dt):
    from scipy.optimize import least_squares

    found = least_squares(
        lambda q: force(v, 0.005, *np.exp(q)) - F, np.log([500.0, np.std(F), 0.03, 0.005])
    )
    return dict(zip(("c", "f", "v0", "tau"), map(float, np.exp(found.x))))
