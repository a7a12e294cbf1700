"""Records the neighbour's rig.

fails: auto-ride-own-fit-test, auto-ride-runs-test
"""

# %% auto-ride-runs
plant.close()
plant = link.start("ride_rig", seed=number + 1)
A = safe_amplitude(3.0, 3.0, 0.05, 0.6, 0.1)
plant.write(shaker=1, frequency=3.0, amplitude=A)
for current in (0.0, 0.3, 0.6, 0.9, 1.2):
    plant.write(current=current)
    plant.wait(3.0)
damper_run = plant.recording.as_plain()
