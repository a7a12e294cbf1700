"""The door stood open.

fails: steel-furnace-step-test, steel-furnace-own-test
"""

# %% steel-furnace-step
plant.close()
plant = start()
plant.write(door=1)
plant.write(Q_hand=40.0)
plant.wait(900)
plant.write(Q_hand=60.0)
plant.wait(900)
step_run = plant.recording.as_plain()
