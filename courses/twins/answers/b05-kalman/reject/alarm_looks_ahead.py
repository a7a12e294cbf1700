"""A centred window: half of it lies in the future.

fails: b05-kalman-alarm-test
"""

# %% b05-kalman-alarm
def lid_alarm(e, S):
    """Return a boolean array (N,): True where the box is no longer the box of the model."""
    window, rate = 20, 1e-4  # one minute
    nis = e[:, 0] ** 2 / S[:, 0, 0]
    seen = np.isfinite(nis)
    weights = np.ones(window)
    total = np.convolve(np.where(seen, nis, 0.0), weights)[window // 2 :][: len(nis)]
    count = np.convolve(seen, weights)[window // 2 :][: len(nis)]
    return total > stats.chi2.ppf(1 - rate, np.maximum(count, 1))
