"""Shakes at the body's own frequency until the guard speaks.

fails: auto-ride-runs-test, auto-ride-own-fit-test, auto-ride-accept-test
"""

# %% auto-ride-runs
plant.close()
plant = power_up()
A = 0.05
plant.write(shaker=1, frequency=1.4, amplitude=A)
for current in (0.0, 0.3, 0.6, 0.9, 1.2):
    plant.write(current=current)
    plant.wait(3.0)
damper_run = plant.recording.as_plain()
