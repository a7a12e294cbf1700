"""K degrees of freedom for the bounds, however many sensors there are.

fails: b05-kalman-nis-test
"""

# %% b05-kalman-nis
def nis_check(e, S, confidence=0.95):
    """Return the mean NIS and its two bounds: mean, low, high."""
    seen = ~np.isnan(e).any(axis=1)
    nis = [ek @ np.linalg.solve(Sk, ek) for ek, Sk in zip(e[seen], S[seen], strict=True)]
    low, high = stats.chi2.interval(confidence, seen.sum()) / seen.sum()
    return np.mean(nis), low, high
