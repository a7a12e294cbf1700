"""Never changes the tool.

fails: cnc-wear-accept
"""


# %% cnc-wear-shift
plant.close()
plant = power_up()
estimates = []
for _ in range(60):
    row = features(order(plant, MAKE)).iloc[0]
    estimates.append(intercept + slope * row["force"])
    if watch(estimates, limit, 2) == -1:
        order(plant, CHANGE)
        estimates = []
shift = plant.recording.as_plain()
