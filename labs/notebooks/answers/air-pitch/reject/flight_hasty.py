"""Doubles the input from one flight to the next.

fails: air-pitch-flights-test
"""

# %% air-pitch-check-flight
plant.close()
plant = start()
fly(plant, test_card(2.8, 1.2, [1, 1]))
check_run = plant.recording.as_plain()
