"""Leaves the rough air after 20 s.

fails: air-pitch-accept-test
"""

# %% air-pitch-flight
plant.close()
plant = start()
plant.write(**gains(model, 7.5, 3.0, 0.6))
plant.write(law=1)
plant.wait(5.0)
plant.write(theta_ref=3.0)
plant.wait(20.0)
plant.write(theta_ref=0.0)
plant.wait(10.0)
plant.write(turbulent=1)
plant.wait(20.0)
run = plant.recording.as_plain()
