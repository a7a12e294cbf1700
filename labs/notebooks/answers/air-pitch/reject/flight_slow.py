"""Three seconds a side: too slow for the swing of this aircraft.

fails: air-pitch-flights-test
"""

# %% air-pitch-check-flight
plant.close()
plant = start()
fly(plant, test_card(1.6, 3.0, [1, 1]))
check_run = plant.recording.as_plain()
