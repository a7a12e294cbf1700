"""Watches ten flights only.

fails: air-pump-watch-test
"""

# %% air-pump-watch
plant.close()
plant = start()
plant.write(fly=1)
plant.wait(10 * FLIGHT)
plant.write(fly=0)
plant.step()
watch_run = plant.recording.as_plain()
