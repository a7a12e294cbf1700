"""Begins with the input: the filter's start is not at rest.

fails: air-pitch-flights-test
"""

# %% air-pitch-check-flight
plant.close()
plant = start()
for seconds, test_input in test_card(2.0, 1.75, [1, 1]):
    plant.write(test_input=test_input)
    plant.wait(seconds)
check_run = plant.recording.as_plain()
