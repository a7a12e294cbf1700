"""Measures after every fifth part.

fails: cnc-wear-accept
"""


# %% cnc-wear-shift
plant.close()
plant = power_up()
estimates = []
for _ in range(60):
    row = features(order(plant, MAKE)).iloc[0]
    estimates.append(intercept + slope * row["force"])
    if plant.read()["part"] % 5 == 0:
        order(plant, MEASURE)
    if watch(estimates, limit, 2) is not None:
        order(plant, CHANGE)
        estimates = []
shift = plant.recording.as_plain()
