"""Takes the pattern for sizes, with equal times.

fails: air-pitch-card-test
"""


# %% air-pitch-card
def test_card(amplitude, unit, pattern):
    return [(unit, (-1) ** k * n * amplitude) for k, n in enumerate(pattern)] + [(8.0, 0.0)]


# %% air-pitch-fit-flight
plant.close()
plant = start()
plant.wait(2.0)
for seconds, test_input in ((3.6, 1.4), (2.4, -1.4), (1.2, 1.4), (1.2, -1.4), (8.0, 0.0)):
    plant.write(test_input=test_input)
    plant.wait(seconds)
fit_run = plant.recording.as_plain()

# %% air-pitch-check-flight
plant.close()
plant = start()
plant.wait(2.0)
for seconds, test_input in ((1.75, 2.0), (1.75, -2.0), (8.0, 0.0)):
    plant.write(test_input=test_input)
    plant.wait(seconds)
check_run = plant.recording.as_plain()
