"""Looks for the gain beyond 1.

fails: steel-mill-best-test
"""


# %% steel-mill-best
def best_gain(M, Q, M_hat, entry, ecc):
    C = np.linspace(0, 1.3, 1301)
    a, b = sensitivities(C, M, Q, M_hat)
    return float(C[np.argmin((a * entry) ** 2 + (b * ecc) ** 2)])
