"""Cuts at 120 % to save time: another force, another wear.

fails: cnc-wear-calibrate-test, cnc-wear-accept
"""


# %% cnc-wear-calibrate
plant.close()
plant = power_up()
plant.write(feed=120.0)
while plant.read()["wear_read"] < 0.25:
    order(plant, MAKE)
    order(plant, MAKE)
    order(plant, MEASURE)
calibration = plant.recording.as_plain()
