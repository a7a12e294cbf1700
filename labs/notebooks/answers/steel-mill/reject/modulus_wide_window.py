"""The right function with a window that begins in the soft part.

fails: steel-mill-own-modulus-test
"""


# %% steel-mill-modulus
def modulus(S, F, low, high):
    S, F = np.asarray(S), np.asarray(F)
    keep = (F >= low) & (F <= high)
    return -np.polyfit(S[keep], F[keep], 1)[0]


M_hat = modulus(press["S"], press["F"], 0.5, 16.0)
