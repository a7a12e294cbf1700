"""Takes dt / tau for the share of the way.

fails: auto-ride-force-test, auto-ride-fit-test
"""


# %% auto-ride-force
def force(v, dt, c, f, v0, tau):
    share = 1.0 - math.exp(-dt / tau)
    w = np.empty(len(v))
    last = v[0]
    for k, speed in enumerate(v):
        last += min(dt / tau, 1.0) * (speed - last)
        w[k] = last
    return c * w + f * np.tanh(w / v0)
