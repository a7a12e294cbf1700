"""A 4-2-1-1: the first part is held too long.

fails: air-pitch-flights-test
"""

# %% air-pitch-fit-flight
plant.close()
plant = start()
fly(plant, test_card(1.2, 1.0, [4, 2, 1, 1]))
fit_run = plant.recording.as_plain()
