"""Goes into rough air right after the step, before the aircraft is level again.

fails: air-pitch-accept-test
"""

# %% air-pitch-flight
plant.close()
plant = start()
plant.write(**gains(model, budget=7.5, step=3.0, least=0.6))
plant.write(law=1)
plant.wait(1.0)
plant.write(theta_ref=3.0)
plant.wait(20.0)
plant.write(theta_ref=0.0, turbulent=1)
plant.wait(70.0)
run = plant.recording.as_plain()
