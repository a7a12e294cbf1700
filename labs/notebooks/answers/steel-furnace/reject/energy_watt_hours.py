"""Units: watt hours instead of joules.

fails: steel-furnace-energy-test
"""


# %% steel-furnace-energy
def energy(t, P):
    return float(1 / 3600 * np.dot(np.asarray(P)[1:], np.diff(t)))


def demand(t, P, window):
    n = round(window / (t[1] - t[0]))
    P = np.asarray(P)[1:]
    return max(float(P[k : k + n].mean()) for k in range(0, len(P) - n + 1, n))
