"""Units: the gain in °C, not in °C for each percent.

fails: steel-furnace-fopdt-test
"""


# %% steel-furnace-fopdt
def fopdt(t, T, dQ):
    def model(t, K, tau, theta, T_0):
        return T_0 + K * dQ * (1 - np.exp(-np.maximum(t - theta, 0) / tau))

    T_0 = T[t <= 0].mean()
    guess = [(T[-20:].mean() - T_0) / dQ, t[-1] / 4, 5.0, T_0]
    bounds = ([0, 1, 0, -np.inf], [np.inf, np.inf, t[-1], np.inf])
    K, tau, theta, _ = optimize.curve_fit(model, t, T, guess, bounds=bounds)[0]
    return K * dQ, tau, theta


step = last_step(link.Recording.from_plain(step_run).table)
K, tau, theta = fopdt(*step)
K = K / step[2]
