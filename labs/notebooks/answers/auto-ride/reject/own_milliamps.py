"""Counts the current in mA.

fails: auto-ride-own-fit-test, auto-ride-accept-test
"""

# %% auto-ride-own
fits = pd.DataFrame([fit_damper(*piston(damper_run, I), 0.005) for I in currents], index=currents)
f1, f0 = map(float, np.polyfit(1000 * np.array(currents), fits["f"], 1))
damper = {"c": float(fits["c"].mean()), "f0": f0, "f1": f1, "v0": float(fits["v0"].mean())}
