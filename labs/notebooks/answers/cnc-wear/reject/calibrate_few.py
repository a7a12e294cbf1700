"""Reads every sixth part only: too few readings.

fails: cnc-wear-calibrate-test, cnc-wear-own-test
"""


# %% cnc-wear-calibrate
plant.close()
plant = power_up()
while plant.read()["wear_read"] < 0.25:
    for _ in range(6):
        order(plant, MAKE)
    order(plant, MEASURE)
calibration = plant.recording.as_plain()
