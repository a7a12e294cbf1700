"""Takes every sample for one second.

fails: steel-furnace-energy-test
"""


# %% steel-furnace-energy
def energy(t, P):
    return float(np.sum(np.asarray(P)[1:]))


def demand(t, P, window):
    n = round(window / (t[1] - t[0]))
    P = np.asarray(P)[1:]
    return max(float(P[k : k + n].mean()) for k in range(0, len(P) - n + 1, n))
