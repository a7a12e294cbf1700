"""Takes the recording while the fleet is still flying.

fails: air-pump-watch-test
"""

# %% air-pump-watch
plant.close()
plant = start()
plant.write(fly=1)
plant.wait(30 * FLIGHT)
watch_run = plant.recording.as_plain()
