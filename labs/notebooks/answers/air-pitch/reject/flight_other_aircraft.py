"""A neighbour's aircraft.

fails: air-pitch-flights-test
"""

# %% air-pitch-check-flight
plant.close()
plant = start()
plant.close()
other = link.start("flight_test", seed=number + 1)
plant = other
fly(plant, test_card(2.0, 1.75, [1, 1]))
check_run = plant.recording.as_plain()
