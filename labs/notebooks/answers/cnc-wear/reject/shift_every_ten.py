"""Changes by count, every ten parts, to be safe.

fails: cnc-wear-accept
"""


# %% cnc-wear-shift
plant.close()
plant = power_up()
estimates = []
for _ in range(60):
    row = features(order(plant, MAKE)).iloc[0]
    estimates.append(intercept + slope * row["force"])
    if len(estimates) == 10:
        order(plant, CHANGE)
        estimates = []
shift = plant.recording.as_plain()
