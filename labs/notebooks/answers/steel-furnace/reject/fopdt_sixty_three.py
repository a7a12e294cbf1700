"""Reads off 63 % of the way, where the first reading beyond is the answer, and no dead time.

fails: steel-furnace-fopdt-test
"""


# %% steel-furnace-fopdt
def fopdt(t, T, dQ):
    T_0, T_1 = T[0], T[-1]
    tau = t[np.argmax(np.abs(T - T_0) > 0.632 * abs(T_1 - T_0))]
    return (T_1 - T_0) / dQ, tau, 0.0


step = last_step(link.Recording.from_plain(step_run).table)
K, tau, theta = fopdt(*step)
