"""Takes K the wrong way round.

fails: steel-furnace-tune-test
"""


# %% steel-furnace-tune
def lambda_pi(K, tau, theta, Tc):
    return tau * K / (Tc + theta), min(tau, 4 * (Tc + theta))


# %% steel-furnace-cycle
plant.close()
plant = start()
Kp, Ti = tau / (K * (15.0 + theta)), min(tau, 4 * (15.0 + theta))
plant.write(T_set=55.0, Kp=Kp, Ti=Ti, Td=0.0, Q_max=75.0)
plant.wait(10)
plant.write(auto=1)
plant.wait(1200)
plant.write(door=1)
plant.wait(60)
plant.write(door=0)
plant.wait(600)
run = plant.recording.as_plain()
