"""A doublet whose second half lasts twice as long.

fails: air-pitch-flights-test
"""

# %% air-pitch-check-flight
plant.close()
plant = start()
fly(plant, test_card(1.7, 1.2, [1, 2]))
check_run = plant.recording.as_plain()
