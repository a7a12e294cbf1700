"""All at once: no slow part.

fails: auto-battery-own-pulse-test, auto-battery-pulse-test
"""


# %% auto-battery-pulse
def fit_pulse(t, drop, I):
    return {"R0": float(drop[-1] / I), "R1": 1e-4, "tau": 40.0}
