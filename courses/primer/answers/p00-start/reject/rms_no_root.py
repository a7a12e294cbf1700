"""Forgets the root.

fails: p00-start-rms
"""

# %% p00-start-root
def rms(t, x):
    return np.trapezoid(x**2, t) / (t[-1] - t[0])
