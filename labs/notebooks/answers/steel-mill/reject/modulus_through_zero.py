"""A line through the touch of the rolls: F over S of each point.

fails: steel-mill-modulus-test, steel-mill-own-modulus-test, steel-mill-own-roll-test, steel-mill-accept-test
"""


# %% steel-mill-modulus
def modulus(S, F, low, high):
    S, F = np.asarray(S), np.asarray(F)
    keep = (F >= low) & (F <= high)
    return np.mean(-F[keep] / S[keep])


M_hat = modulus(press["S"], press["F"], 5.0, 16.0)
