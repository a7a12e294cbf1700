"""Copies whole numbers, and every output is rounded down to one.

fails: air-pitch-filtered-test
"""


# %% air-pitch-filtered
def filtered(x, tau, dt):
    x = np.asarray(x)
    keep = math.exp(-dt / tau)
    x_f = x.copy()
    for k in range(1, len(x)):
        x_f[k] = keep * x_f[k - 1] + (1.0 - keep) * x[k]
    return x_f, (x - x_f) / tau
