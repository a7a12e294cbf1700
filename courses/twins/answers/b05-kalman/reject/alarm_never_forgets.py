"""Once raised, the alarm stays for ever.

fails: b05-kalman-alarm-test
"""

# %% b05-kalman-alarm
def lid_alarm(e, S):
    """Return a boolean array (N,): True where the box is no longer the box of the model."""
    window, rate = np.ones(20), 1e-4  # one minute; one false alarm in ten thousand samples
    nis = np.ravel(e) ** 2 / np.ravel(S)
    total = np.convolve(np.nan_to_num(nis), window)[: len(nis)]
    count = np.convolve(np.isfinite(nis), window)[: len(nis)]
    return np.maximum.accumulate(total > stats.chi2.ppf(1 - rate, count))
