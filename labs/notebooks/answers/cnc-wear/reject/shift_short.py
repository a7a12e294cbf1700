"""Makes fifty parts.

fails: cnc-wear-accept
"""


# %% cnc-wear-shift
plant.close()
plant = power_up()
estimates = []
for _ in range(50):
    row = features(order(plant, MAKE)).iloc[0]
    estimates.append(intercept + slope * row["force"])
    if watch(estimates, limit, 2) is not None:
        order(plant, CHANGE)
        estimates = []
shift = plant.recording.as_plain()
