"""Degenerate special case: takes every interval for as long as the first.

fails: p00-start-energy
"""

# %% p00-start-area
def energy(t, v, i):
    return np.trapezoid(v * i, dx=t[1] - t[0])
