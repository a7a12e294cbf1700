"""From lowest to highest.

fails: auto-ride-hop-test, auto-ride-own-hop-test
"""


# %% auto-ride-amplitude
def amplitude(t, y, f):
    t, y = np.asarray(t), np.asarray(y)
    wave = np.exp(-2j * np.pi * f * t)
    return float(np.ptp(y))
