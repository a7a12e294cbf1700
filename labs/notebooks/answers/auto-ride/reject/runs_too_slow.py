"""A tenth of the amplitude: the friction is never up.

fails: auto-ride-runs-test, auto-ride-own-fit-test
"""

# %% auto-ride-runs
plant.close()
plant = power_up()
A = 0.001
plant.write(shaker=1, frequency=3.0, amplitude=A)
for current in (0.0, 0.3, 0.6, 0.9, 1.2):
    plant.write(current=current)
    plant.wait(3.0)
damper_run = plant.recording.as_plain()
