"""Textbook misreading: mean voltage times mean current times duration.

fails: p00-start-energy
"""

# %% p00-start-area
def energy(t, v, i):
    return np.mean(v) * np.mean(i) * (t[-1] - t[0])
