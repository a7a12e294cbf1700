"""Far too much gain on the angle: the elevator jumps.

fails: air-pitch-accept-test
"""

# %% air-pitch-flight
plant.close()
plant = start()
plant.write(K_theta=4.5, K_q=3.2, K_i=1.0)
plant.write(law=1)
plant.wait(5.0)
plant.write(theta_ref=3.0)
plant.wait(20.0)
plant.write(theta_ref=0.0)
plant.wait(10.0)
plant.write(turbulent=1)
plant.wait(70.0)
run = plant.recording.as_plain()
