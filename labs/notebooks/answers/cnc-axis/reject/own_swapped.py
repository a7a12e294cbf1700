"""Forward and backward exchanged.

fails: cnc-axis-own-test
"""


# %% cnc-axis-own
table = plant.recording.table
axis = fit_axis(table["speed"].to_numpy(), table["u"].to_numpy(), plant.dt, 5.0)
axis["coulomb_plus"], axis["coulomb_minus"] = axis["coulomb_minus"], axis["coulomb_plus"]
