"""Changes a pump while he watches.

fails: air-pump-watch-test
"""

# %% air-pump-watch
plant.close()
plant = start()
plant.write(fly=1)
plant.wait(30 * FLIGHT)
plant.write(fly=0, change_1=1)
plant.wait(2 * FLIGHT)
plant.write(fly=1, change_1=0)
plant.wait(6 * FLIGHT)
plant.write(fly=0)
plant.step()
watch_run = plant.recording.as_plain()
