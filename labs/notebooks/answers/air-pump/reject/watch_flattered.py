"""Makes the pressure of a pump better.

fails: air-pump-watch-test
"""

# %% air-pump-watch
plant.close()
plant = start()
plant.write(fly=1)
plant.wait(30 * FLIGHT)
plant.write(fly=0)
plant.step()
watch_run = plant.recording.as_plain()
watch_run["rows"][1:, 5] *= 1.001
