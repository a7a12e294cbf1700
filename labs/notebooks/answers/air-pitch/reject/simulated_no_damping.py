"""Leaves M_q out.

fails: air-pitch-simulated-test
"""


# %% air-pitch-simulated
def simulated(model, delta, dt):
    delta = np.asarray(delta, dtype=float)
    q = np.zeros(len(delta))
    alpha = 0.0
    for k in range(len(delta) - 1):
        moment = model["M_alpha"] * alpha + model["M_delta"] * delta[k]
        alpha += dt * (model["Z_alpha"] * alpha + q[k] + Z_DELTA * delta[k])
        q[k + 1] = q[k] + dt * moment
    return q
