"""S is taken as a standard deviation.

fails: b05-kalman-nis-test, b05-kalman-evidence-test
"""

# %% b05-kalman-nis
def nis_check(e, S, confidence=0.95):
    """Return the mean NIS and its two bounds: mean, low, high."""
    seen = ~np.isnan(e).any(axis=1)
    nis = [ek @ np.linalg.solve(Sk @ Sk, ek) for ek, Sk in zip(e[seen], S[seen], strict=True)]
    low, high = stats.chi2.interval(confidence, e[seen].size) / seen.sum()
    return np.mean(nis), low, high
