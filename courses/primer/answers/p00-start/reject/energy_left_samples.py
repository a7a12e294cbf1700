"""Off by one sample: each interval gets the power of its first sample, the last sample counts for nothing.

fails: p00-start-energy
"""

# %% p00-start-area
def energy(t, v, i):
    return np.sum((v * i)[:-1] * np.diff(t))
