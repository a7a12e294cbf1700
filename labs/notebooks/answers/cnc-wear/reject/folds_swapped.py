"""Trains on one experiment and tests on the others.

fails: cnc-wear-folds-test
"""


# %% cnc-wear-folds
def experiment_folds(groups):
    groups = np.asarray(groups)
    return [(groups == g, groups != g) for g in np.unique(groups)]


# %% cnc-wear-share
def score(X, y, folds):
    shares = []
    for train, test in folds:
        m, s = X[train].mean(axis=0), X[train].std(axis=0)
        s[s == 0] = 1.0
        guess = nearest((X[train] - m) / s, y[train], (X[test] - m) / s)
        shares.append(np.mean(guess == y[test]))
    return np.mean(shares)
