"""Fits the set point instead of the speed.

fails: cnc-axis-own-test, cnc-axis-accept
"""


# %% cnc-axis-own
table = plant.recording.table
axis = fit_axis(table["speed_set"].to_numpy(), table["u"].to_numpy(), plant.dt, 5.0)
