"""Each sensor by its own variance: the correlation in S is ignored.

fails: b05-kalman-nis-test
"""

# %% b05-kalman-nis
def nis_check(e, S, confidence=0.95):
    """Return the mean NIS and its two bounds: mean, low, high."""
    seen = ~np.isnan(e).any(axis=1)
    e, S = e[seen], S[seen]
    nis = (e**2 / np.einsum("kii->ki", S)).sum(axis=1)
    low, high = stats.chi2.ppf([(1 - confidence) / 2, (1 + confidence) / 2], e.size) / len(e)
    return nis.mean(), low, high
