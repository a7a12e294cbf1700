"""The neighbour's rig.

fails: auto-ride-run-test, auto-ride-accept-test
"""

# %% auto-ride-drive
plant.close()
plant = link.start("ride_rig", seed=number + 1)
plant.write(speed=20.0, rule=0, current=0.2, shaker=2)
plant.wait(12.5)
plant.write(shaker=0)
plant.wait(4.0)
plant.write(**{f"{name}_hat": value for name, value in damper.items()})
plant.write(rule=1, c_sky=6000.0, I_low=0.05, I_high=1.2, shaker=2)
plant.wait(12.5)
run = plant.recording.as_plain()
