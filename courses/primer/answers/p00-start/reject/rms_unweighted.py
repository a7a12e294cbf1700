"""Degenerate special case: every sample counts alike, right only for equal intervals.

fails: p00-start-rms
"""

# %% p00-start-root
def rms(t, x):
    return np.sqrt(np.mean(x**2))
