"""Spares the tools with a feed of 80 %.

fails: cnc-wear-accept
"""


# %% cnc-wear-shift
plant.close()
plant = power_up()
plant.write(feed=80.0)
estimates = []
for _ in range(60):
    row = features(order(plant, MAKE)).iloc[0]
    estimates.append(intercept + slope * row["force"])
    if watch(estimates, limit, 2) is not None:
        order(plant, CHANGE)
        estimates = []
shift = plant.recording.as_plain()
