"""The neighbour's cell.

fails: auto-battery-accept-test
"""

# %% auto-battery-drive
plant.close()
plant = link.start("cell_tester", seed=number + 1)
plant.write(mode=3, v_low=3.0)
plant.wait(1800.0)
run = plant.recording.as_plain()
table = link.Recording.from_plain(run).table
soc_hat = corrected(table["V"], table["I"] - offset, 1.0, Q / 0.972, pulse, 0.5)
