"""Wrong order: mean first, then square.

fails: p00-start-rms
"""

# %% p00-start-root
def rms(t, x):
    return abs(np.trapezoid(x, t) / (t[-1] - t[0]))
