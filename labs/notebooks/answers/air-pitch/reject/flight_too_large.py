"""Begins with more than Task 1 allows for an aircraft that nobody has flown.

fails: air-pitch-flights-test
"""

# %% air-pitch-fit-flight
plant.close()
plant = start()
fly(plant, test_card(2.0, 1.2, [3, 2, 1, 1]))
fit_run = plant.recording.as_plain()
