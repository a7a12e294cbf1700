"""Checks the model with the same input.

fails: air-pitch-flights-test
"""

# %% air-pitch-check-flight
plant.close()
plant = start()
fly(plant, test_card(1.4, 1.2, [3, 2, 1, 1]))
check_run = plant.recording.as_plain()
