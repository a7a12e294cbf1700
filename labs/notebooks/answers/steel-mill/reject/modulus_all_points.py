"""One line through all points: the soft start is in it.

fails: steel-mill-modulus-test, steel-mill-own-modulus-test
"""


# %% steel-mill-modulus
def modulus(S, F, low, high):
    S, F = np.asarray(S), np.asarray(F)
    keep = (F >= low) & (F <= high)
    return -np.polyfit(S, F, 1)[0]


M_hat = modulus(press["S"], press["F"], 5.0, 16.0)
