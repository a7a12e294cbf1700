"""K degrees of freedom for the bounds, however many sensors there are.

fails: b05-kalman-nis-test
"""

# %% b05-kalman-nis
def nis_check(e, S, confidence=0.95):
    """Return the mean NIS and its two bounds: mean, low, high."""
    seen = ~np.isnan(e).any(axis=1)
    e, S = e[seen], S[seen]
    nis = np.einsum("ki,ki->k", e, np.linalg.solve(S, e[:, :, None])[:, :, 0])
    low, high = stats.chi2.ppf([(1 - confidence) / 2, (1 + confidence) / 2], len(e)) / len(e)
    return nis.mean(), low, high
