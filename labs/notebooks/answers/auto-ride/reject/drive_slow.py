"""Drives at 10 m/s.

fails: auto-ride-run-test
"""

# %% auto-ride-drive
plant.close()
plant = power_up()
plant.write(speed=10.0, rule=0, current=0.2, shaker=2)
plant.wait(12.5)
plant.write(shaker=0)
plant.wait(4.0)
plant.write(**{f"{name}_hat": value for name, value in damper.items()})
plant.write(rule=1, c_sky=6000.0, I_low=0.05, I_high=1.2, shaker=2)
plant.wait(12.5)
run = plant.recording.as_plain()
