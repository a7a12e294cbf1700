"""A part of an interval at the end counts as a whole one.

fails: steel-furnace-energy-test
"""


# %% steel-furnace-energy
def energy(t, P):
    return float(np.dot(np.asarray(P)[1:], np.diff(t)))


def demand(t, P, window):
    n = round(window / (t[1] - t[0]))
    P = np.asarray(P)[1:]
    return max(float(P[k : k + n].mean()) for k in range(0, len(P), n))
