"""Starts the lagging speed at 0.

fails: auto-ride-force-test
"""


# %% auto-ride-force
def force(v, dt, c, f, v0, tau):
    share = 1.0 - math.exp(-dt / tau)
    w = np.empty(len(v))
    last = v[0]
    for k, speed in enumerate(v):
        last = (last if k else 0.0) + share * (speed - (last if k else 0.0))
        w[k] = last
    return c * w + f * np.tanh(w / v0)
