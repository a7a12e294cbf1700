"""A recording of another zone.

fails: steel-furnace-step-test
"""

# %% steel-furnace-step
plant.close()
plant = start()
plant = link.start("heating_furnace", seed=number + 1)
plant.write(Q_hand=40.0)
plant.wait(900)
plant.write(Q_hand=60.0)
plant.wait(900)
step_run = plant.recording.as_plain()
