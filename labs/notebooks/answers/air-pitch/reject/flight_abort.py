"""Six degrees: the guard flies half of the record.

fails: air-pitch-flights-test, air-pitch-own-model-test
"""

# %% air-pitch-fit-flight
plant.close()
plant = start()
fly(plant, test_card(6.0, 1.75, [3, 2, 1, 1]))
fit_run = plant.recording.as_plain()
