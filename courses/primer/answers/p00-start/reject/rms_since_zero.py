"""Degenerate special case: takes the time of the last sample for the duration.

fails: p00-start-rms
"""

# %% p00-start-root
def rms(t, x):
    return np.sqrt(np.trapezoid(x**2, t) / t[-1])
