"""The highest sample instead of the mean of an interval.

fails: steel-furnace-energy-test
"""


# %% steel-furnace-energy
def energy(t, P):
    return float(np.dot(np.asarray(P)[1:], np.diff(t)))


def demand(t, P, window):
    return float(np.max(np.asarray(P)[1:]))
