"""Hands in a shift of the neighbour's machine.

fails: cnc-wear-accept
"""


# %% cnc-wear-shift
plant.close()
plant = link.start("cnc_machining", seed=number + 1)
estimates = []
for _ in range(60):
    row = features(order(plant, MAKE)).iloc[0]
    estimates.append(intercept + slope * row["force"])
    if watch(estimates, limit, 2) is not None:
        order(plant, CHANGE)
        estimates = []
shift = plant.recording.as_plain()
