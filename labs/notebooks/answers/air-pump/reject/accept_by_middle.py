"""Lets the middle decide, without any interval, and only when it has passed.

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
    change(
        plant,
        [k for k in (1, 2, 3, 4) if forecast(*health(table, k), 0.75, 1.0)[1] <= 5],
    )
run = plant.recording.as_plain()
