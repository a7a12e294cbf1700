"""One straight line: all is viscous.

fails: auto-ride-fit-test, auto-ride-own-fit-test
"""


# %% auto-ride-fit
def fit_damper(v, F, dt):
    slope = np.polyfit(v, F, 1)[0]
    return {"c": float(slope), "f": 1.0, "v0": 0.03, "tau": 0.005}
