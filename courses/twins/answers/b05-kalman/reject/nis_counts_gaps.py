"""Rows with a gap count as NIS 0.

fails: b05-kalman-nis-test, b05-kalman-evidence-test
"""

# %% b05-kalman-nis
def nis_check(e, S, confidence=0.95):
    """Return the mean NIS and its two bounds: mean, low, high."""
    S = np.where(np.isnan(S), np.eye(e.shape[1]), S)
    e = np.nan_to_num(e)
    nis = np.einsum("ki,ki->k", e, np.linalg.solve(S, e[:, :, None])[:, :, 0])
    low, high = stats.chi2.ppf([(1 - confidence) / 2, (1 + confidence) / 2], e.size) / len(e)
    return nis.mean(), low, high
