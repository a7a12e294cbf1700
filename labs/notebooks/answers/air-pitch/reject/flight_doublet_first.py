"""A doublet where the wide band of a 3-2-1-1 was asked for.

fails: air-pitch-flights-test
"""

# %% air-pitch-fit-flight
plant.close()
plant = start()
fly(plant, test_card(2.0, 1.3, [1, 1]))
fit_run = plant.recording.as_plain()
