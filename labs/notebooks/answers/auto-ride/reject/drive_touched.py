"""Changes the gain during the drive.

fails: auto-ride-run-test
"""

# %% auto-ride-drive
plant.close()
plant = power_up()
plant.write(speed=20.0, rule=0, current=0.2, shaker=2)
plant.wait(12.5)
plant.write(shaker=0)
plant.wait(4.0)
plant.write(**{f"{name}_hat": value for name, value in damper.items()})
plant.write(rule=1, c_sky=6000.0, I_low=0.05, I_high=1.2, shaker=2)
plant.wait(6.0)
plant.write(c_sky=6500.0)
plant.wait(6.5)
run = plant.recording.as_plain()
