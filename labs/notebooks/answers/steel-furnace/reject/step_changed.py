"""Smooths the readings in the recording.

fails: steel-furnace-step-test
"""

# %% steel-furnace-step
plant.close()
plant = start()
plant.write(Q_hand=40.0)
plant.wait(900)
plant.write(Q_hand=60.0)
plant.wait(900)
step_run = plant.recording.as_plain()
step_run["rows"][:, 8] = signal.savgol_filter(step_run["rows"][:, 8], 31, 1)
