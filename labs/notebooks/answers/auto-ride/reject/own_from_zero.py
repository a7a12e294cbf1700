"""Takes the friction as proportional to the current.

fails: auto-ride-own-fit-test
"""

# %% auto-ride-own
fits = pd.DataFrame([fit_damper(*piston(damper_run, I), 0.005) for I in currents], index=currents)
f1 = float(fits["f"].iloc[-1] / currents[-1])
damper = {"c": float(fits["c"].mean()), "f0": 0.0, "f1": f1, "v0": float(fits["v0"].mean())}
