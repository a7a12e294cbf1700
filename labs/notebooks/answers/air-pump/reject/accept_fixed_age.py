"""A fixed age that is safe for the fastest: half of each life is thrown away.

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
    change(plant, [k for k in (1, 2, 3, 4) if table[f"age_{k}"].iloc[-1] >= 40])
run = plant.recording.as_plain()
