"""Inverted: gap over force.

fails: steel-mill-modulus-test
"""


# %% steel-mill-modulus
def modulus(S, F, low, high):
    S, F = np.asarray(S), np.asarray(F)
    keep = (F >= low) & (F <= high)
    return -(np.polyfit(S[keep], F[keep], 1)[0] ** -1)


M_hat = modulus(press["S"], press["F"], 5.0, 16.0)
M_hat = 1 / M_hat
