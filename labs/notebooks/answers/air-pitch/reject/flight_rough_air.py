"""Flies the check in rough air.

fails: air-pitch-flights-test
"""

# %% air-pitch-check-flight
plant.close()
plant = start()
plant.write(turbulent=1)
fly(plant, test_card(2.0, 1.75, [1, 1]))
check_run = plant.recording.as_plain()
