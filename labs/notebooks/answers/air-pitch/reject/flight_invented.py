"""Doubles the readings of the vane by hand.

fails: air-pitch-flights-test
"""

# %% air-pitch-check-flight
plant.close()
plant = start()
fly(plant, test_card(2.0, 1.75, [1, 1]))
check_run = plant.recording.as_plain()
check_run["rows"][:, -3] *= 1.01
