"""Adds the two instead of their squares.

fails: steel-mill-best-test
"""


# %% steel-mill-best
def best_gain(M, Q, M_hat, entry, ecc):
    C = np.linspace(0, 1, 1001)
    a, b = sensitivities(C, M, Q, M_hat)
    return float(C[np.argmin(np.abs(a) * entry + b * ecc)])
