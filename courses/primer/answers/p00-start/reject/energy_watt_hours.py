"""Wrong units: watt-hours.

fails: p00-start-energy
"""

# %% p00-start-area
def energy(t, v, i):
    return np.trapezoid(v * i, t) / 3600
