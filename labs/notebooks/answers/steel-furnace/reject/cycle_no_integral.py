"""Proportional only: the set point is never reached.

fails: steel-furnace-accept-test
"""

# %% steel-furnace-cycle
plant.close()
plant = start()
Kp, Ti = tau / (K * (15.0 + theta)), min(tau, 4 * (15.0 + theta))
plant.write(T_set=55.0, Kp=4.0, Ti=10000.0, Td=0.0, Q_max=75.0)
plant.wait(10)
plant.write(auto=1)
plant.wait(1200)
plant.write(door=1)
plant.wait(60)
plant.write(door=0)
plant.wait(600)
run = plant.recording.as_plain()
