"""Forgets the time: adds up powers.

fails: p00-start-energy
"""

# %% p00-start-area
def energy(t, v, i):
    return np.sum(v * i)
