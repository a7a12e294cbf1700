"""Takes the line's numbers in the wrong order.

fails: auto-ride-own-fit-test
"""

# %% auto-ride-own
fits = pd.DataFrame([fit_damper(*piston(damper_run, I), 0.005) for I in currents], index=currents)
f0, f1 = map(float, np.polyfit(currents, fits["f"], 1))
damper = {"c": float(fits["c"].mean()), "f0": f0, "f1": f1, "v0": float(fits["v0"].mean())}
