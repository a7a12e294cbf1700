"""Does not rest between charge and discharge.

fails: auto-battery-own-capacity-test
"""

# %% auto-battery-capacity
plant.close()
plant = power_up()
rest = plant.wait(300.0)["I"]
offset = float(rest.mean())
plant.write(mode=2, current=1.0, v_high=4.1, I_end=0.05)
until_done(plant)
plant.write(mode=1, current=1.0, v_low=2.8)
table = until_done(plant).query("state == 1")
Q = charge_moved(table["I"], 1.0, offset)
u_Q = uncertainty(Q, len(table) / 3600, rest.std() / math.sqrt(len(rest)), 0.002 / math.sqrt(3))
capacity_run = plant.recording.as_plain()
