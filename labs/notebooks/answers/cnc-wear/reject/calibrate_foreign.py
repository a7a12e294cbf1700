"""Hands in the recording of the neighbour's machine.

fails: cnc-wear-calibrate-test
"""


# %% cnc-wear-calibrate
plant.close()
plant = power_up()
while plant.read()["wear_read"] < 0.25:
    order(plant, MAKE)
    order(plant, MAKE)
    order(plant, MEASURE)
calibration = plant.recording.as_plain()
other = link.start("cnc_machining", seed=number + 1)
for _ in range(10):
    order(other, MAKE)
    order(other, MAKE)
    order(other, MEASURE)
calibration = other.recording.as_plain()
