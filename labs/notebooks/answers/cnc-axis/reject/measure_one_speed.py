"""Writes the speed once, before the loop: the axis runs into the guard.

fails: cnc-axis-measure-test, cnc-axis-own-test
"""


# %% cnc-axis-measure
plant.close()
plant = power_up()
plant.write(mode=1, Kv=0.05, Tv=0.1, ramp=RAMP, u_limit=3.0, speed_set=runs[-2][0])
for speed, seconds in runs:
    plant.wait(seconds)
plant.write(mode=0)
plant.wait(0.5)
measured = plant.recording.as_plain()
