"""A lag without dead time: the heater's lag goes lost in tau.

fails: steel-furnace-fopdt-test
"""


# %% steel-furnace-fopdt
def fopdt(t, T, dQ):
    def model(t, K, tau, T_0):
        return T_0 + K * dQ * (1 - np.exp(-np.maximum(t, 0) / tau))

    K, tau, _ = optimize.curve_fit(model, t, T, [0.7, 150.0, T[0]])[0]
    return K, tau, 0.0


step = last_step(link.Recording.from_plain(step_run).table)
K, tau, theta = fopdt(*step)
