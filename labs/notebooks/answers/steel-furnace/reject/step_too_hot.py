"""More power than the own limit allows.

fails: steel-furnace-step-test
"""

# %% steel-furnace-step
plant.close()
plant = start()
plant.write(Q_hand=60.0)
plant.wait(900)
plant.write(Q_hand=75.0)
plant.wait(900)
step_run = plant.recording.as_plain()
