"""No rate gain: the aircraft damps itself, they say.

fails: air-pitch-gains-test
"""


# %% air-pitch-gains
def gains(model, budget, step, least):
    K = budget / step
    return {"K_theta": K, "K_q": 0.0, "K_i": K / 4}


# %% air-pitch-flight
plant.close()
plant = start()
plant.write(K_theta=2.5, K_q=1.8, K_i=0.6)
plant.write(law=1)
plant.wait(5.0)
plant.write(theta_ref=3.0)
plant.wait(20.0)
plant.write(theta_ref=0.0)
plant.wait(10.0)
plant.write(turbulent=1)
plant.wait(70.0)
run = plant.recording.as_plain()
