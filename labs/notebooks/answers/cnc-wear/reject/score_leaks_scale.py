"""Scales with all rows before it splits.

fails: cnc-wear-score
"""


# %% cnc-wear-folds
def experiment_folds(groups):
    groups = np.asarray(groups)
    return [(groups != g, groups == g) for g in np.unique(groups)]


# %% cnc-wear-share
def score(X, y, folds):
    shares = []
    for train, test in folds:
        m, s = X.mean(axis=0), X.std(axis=0)
        s[s == 0] = 1.0
        guess = nearest((X[train] - m) / s, y[train], (X[test] - m) / s)
        shares.append(np.mean(guess == y[test]))
    return np.mean(shares)
