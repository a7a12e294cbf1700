"""Ends the check before the free motion.

fails: air-pitch-flights-test
"""

# %% air-pitch-check-flight
plant.close()
plant = start()
fly(plant, test_card(2.0, 1.75, [1, 1])[:2])
check_run = plant.recording.as_plain()
