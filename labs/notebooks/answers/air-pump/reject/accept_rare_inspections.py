"""Inspects every 40 flights, at a very early sign.

fails: air-pump-accept-test
"""

# %% air-pump-campaign
plant.close()
plant = start()
while plant.read()["flights"] < 240:
    plant.write(fly=1)
    plant.wait(40 * FLIGHT)
    plant.write(fly=0)
    plant.step()
    table = plant.recording.table
    change(plant, [k for k in (1, 2, 3, 4) if health(table, k)[1][-3:].mean() < 0.97])
run = plant.recording.as_plain()
