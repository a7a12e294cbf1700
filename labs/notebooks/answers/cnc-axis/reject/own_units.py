"""Gives the inertia for an acceleration in rev/s².

fails: cnc-axis-own-test, cnc-axis-accept
"""


# %% cnc-axis-own
table = plant.recording.table
axis = fit_axis(table["speed"].to_numpy(), table["u"].to_numpy(), plant.dt, 5.0)
axis["inertia"] *= 2 * np.pi
