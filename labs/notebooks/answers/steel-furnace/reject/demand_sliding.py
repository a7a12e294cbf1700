"""A sliding window instead of the clock's intervals.

fails: steel-furnace-energy-test
"""


# %% steel-furnace-energy
def energy(t, P):
    return float(np.dot(np.asarray(P)[1:], np.diff(t)))


def demand(t, P, window):
    n = round(window / (t[1] - t[0]))
    P = np.asarray(P)[1:]
    return max(float(P[k : k + n].mean()) for k in range(len(P) - n + 1))
