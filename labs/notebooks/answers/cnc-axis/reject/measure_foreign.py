"""Hands in the recording of the neighbour's axis.

fails: cnc-axis-measure-test
"""


# %% cnc-axis-measure
plant.close()
plant = power_up()
plant.write(mode=1, Kv=0.05, Tv=0.1, ramp=RAMP, u_limit=3.0)
for speed, seconds in runs:
    plant.write(speed_set=speed)
    plant.wait(seconds)
plant.write(mode=0)
plant.wait(0.5)
measured = plant.recording.as_plain()
other = link.start("cnc_axis_drive", seed=(number + 1) % 100)
other.wait(0.5)
measured = other.recording.as_plain()
