"""Gives the final value at once.

fails: air-pitch-simulated-test
"""


# %% air-pitch-simulated
def simulated(model, delta, dt):
    up = model["M_alpha"] * Z_DELTA - model["Z_alpha"] * model["M_delta"]
    down = model["Z_alpha"] * model["M_q"] - model["M_alpha"]
    return up / down * np.asarray(delta, dtype=float)
