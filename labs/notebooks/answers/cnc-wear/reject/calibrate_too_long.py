"""Cuts until the tool is beyond its limit.

fails: cnc-wear-calibrate-test
"""


# %% cnc-wear-calibrate
plant.close()
plant = power_up()
while plant.read()["wear_read"] < 0.33:
    order(plant, MAKE)
    order(plant, MAKE)
    order(plant, MEASURE)
calibration = plant.recording.as_plain()
