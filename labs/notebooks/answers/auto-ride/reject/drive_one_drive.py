"""One drive, by the rule.

fails: auto-ride-run-test, auto-ride-accept-test
"""

# %% auto-ride-drive
plant.close()
plant = power_up()
plant.write(rule=1, c_sky=8000.0, I_high=1.2, shaker=2)
plant.wait(13.0)
run = plant.recording.as_plain()
