"""Hands in the neighbour's acceptance run.

fails: cnc-axis-accept
"""


# %% cnc-axis-prove
plant.close()
plant = link.start("cnc_axis_drive", seed=(number + 1) % 100)
gains = tune(axis["inertia"], DEAD_TIME, 50.0)
plant.write(mode=2, feed=100.0, acceleration=1000.0, u_limit=6.0, **gains)
plant.wait(0.5)
plant.write(target=60.0)
plant.wait(1.5)
plant.write(radius=20.0)
plant.wait(4.5)
plant.write(mode=0)
plant.wait(0.5)
run = plant.recording.as_plain()
