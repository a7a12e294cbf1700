"""Rows with a gap count as NIS 0.

fails: b05-kalman-nis-test, b05-kalman-evidence-test
"""

# %% b05-kalman-nis
def nis_check(e, S, confidence=0.95):
    """Return the mean NIS and its two bounds: mean, low, high."""
    seen = np.ones(len(e), dtype=bool)
    S = np.where(np.isnan(S), np.eye(e.shape[1]), S)
    e = np.nan_to_num(e)
    nis = [ek @ np.linalg.solve(Sk, ek) for ek, Sk in zip(e[seen], S[seen], strict=True)]
    low, high = stats.chi2.interval(confidence, e[seen].size) / seen.sum()
    return np.mean(nis), low, high
