"""Believes in 40 s.

fails: auto-battery-own-pulse-test, auto-battery-pulse-test
"""


# %% auto-battery-pulse
def fit_pulse(t, drop, I):
    from scipy.optimize import least_squares

    def misfit(q):
        return I * (q[0] + q[1] * (1 - np.exp(-t / 40.0))) - drop

    start = [0.05, 0.05, 40.0]
    found = least_squares(misfit, start, x_scale=start, bounds=(1e-4, [1, 1, 1e3])).x
    return dict(zip(("R0", "R1", "tau"), map(float, found)))
