"""Runs to failure.

fails: air-pump-accept-test
"""

# %% air-pump-campaign
plant.close()
plant = start()
while plant.read()["flights"] < 240:
    plant.write(fly=1)
    plant.wait(15 * FLIGHT)
    plant.write(fly=0)
    plant.step()
    table = plant.recording.table
    pass
run = plant.recording.as_plain()
