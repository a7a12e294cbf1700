"""Fits slope and friction and believes in a lag of 5 ms.

fails: auto-ride-fit-test
"""


# %% auto-ride-fit
def fit_damper(v, F, dt):
    from scipy.optimize import least_squares

    q = least_squares(lambda q: force(v, dt, *np.exp(q), 1e-4) - F, np.log([500, 300, 0.03])).x
    c, f, v0 = np.exp(q)
    return {"c": float(c), "f": float(f), "v0": float(v0), "tau": 0.005}
