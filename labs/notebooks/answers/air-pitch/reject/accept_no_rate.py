"""No rate feedback: swings.

fails: air-pitch-accept-test
"""

# %% air-pitch-flight
plant.close()
plant = start()
plant.write(K_theta=2.0, K_q=0.0, K_i=0.5)
plant.write(law=1)
plant.wait(5.0)
plant.write(theta_ref=3.0)
plant.wait(20.0)
plant.write(theta_ref=0.0)
plant.wait(10.0)
plant.write(turbulent=1)
plant.wait(70.0)
run = plant.recording.as_plain()
