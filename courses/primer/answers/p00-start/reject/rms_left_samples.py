"""Off by one sample: each interval gets its first sample only.

fails: p00-start-rms
"""

# %% p00-start-root
def rms(t, x):
    return np.sqrt(np.sum(x[:-1] ** 2 * np.diff(t)) / (t[-1] - t[0]))
