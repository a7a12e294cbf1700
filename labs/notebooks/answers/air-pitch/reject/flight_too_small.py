"""A timid input: the noise of the vane decides.

fails: air-pitch-flights-test
"""

# %% air-pitch-fit-flight
plant.close()
plant = start()
fly(plant, test_card(0.5, 1.2, [3, 2, 1, 1]))
fit_run = plant.recording.as_plain()
