"""Alarms only at 0.30 mm: too late to confirm.

fails: cnc-wear-own-test, cnc-wear-accept
"""


# %% cnc-wear-own
GOOD = 0.30
table = plant.recording.table
read = readings(table)
force = features(table).loc[read.index, "force"]
slope, intercept = fit_wear(force, read)
errors = intercept + slope * force - read
limit = GOOD + alarm_limit(errors.to_numpy(), 0.01)
