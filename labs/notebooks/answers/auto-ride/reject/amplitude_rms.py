"""The effective value times the root of 2: all frequencies count.

fails: auto-ride-hop-test
"""


# %% auto-ride-amplitude
def amplitude(t, y, f):
    t, y = np.asarray(t), np.asarray(y)
    wave = np.exp(-2j * np.pi * f * t)
    return float(np.sqrt(2) * np.std(y))
