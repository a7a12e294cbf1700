"""Puts the alarm below what is still good.

fails: cnc-wear-own-test
"""


# %% cnc-wear-own
GOOD = 0.22
table = plant.recording.table
read = readings(table)
force = features(table).loc[read.index, "force"]
slope, intercept = fit_wear(force, read)
errors = intercept + slope * force - read
limit = GOOD - alarm_limit(errors.to_numpy(), 0.01)
