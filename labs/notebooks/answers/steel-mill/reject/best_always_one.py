"""The textbook's misreading: as much gaugemeter as possible.

fails: steel-mill-best-test
"""


# %% steel-mill-best
def best_gain(M, Q, M_hat, entry, ecc):
    return 1.0
