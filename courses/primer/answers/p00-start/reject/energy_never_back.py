"""Sign error: energy given back counts as taken.

fails: p00-start-energy
"""

# %% p00-start-area
def energy(t, v, i):
    return np.trapezoid(np.abs(v * i), t)
