"""Stops while the tool is hardly worn.

fails: cnc-wear-calibrate-test, cnc-wear-accept
"""


# %% cnc-wear-calibrate
plant.close()
plant = power_up()
for _ in range(8):
    order(plant, MAKE)
    order(plant, MEASURE)
calibration = plant.recording.as_plain()
