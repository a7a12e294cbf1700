"""Only the friction lags.

fails: auto-ride-fit-test, auto-ride-force-test, auto-ride-own-fit-test
"""


# %% auto-ride-force
def force(v, dt, c, f, v0, tau):
    share = 1.0 - math.exp(-dt / tau)
    w = np.empty(len(v))
    last = v[0]
    for k, speed in enumerate(v):
        last += share * (speed - last)
        w[k] = last
    return c * np.asarray(v) + f * np.tanh(w / v0)
