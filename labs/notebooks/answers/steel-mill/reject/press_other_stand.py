"""A recording of another stand, taken from a neighbour.

fails: steel-mill-press-test
"""

# %% steel-mill-press
plant.close()
plant = start()
v = 2.0
plant.write(v=v)
rows = []
for S_ref in np.linspace(-0.7, -2.66, 9):
    plant.write(S_ref=float(S_ref))
    plant.wait(1.0)
    turn = plant.wait(2 * np.pi * 0.70 / v)
    rows.append((turn["S"].mean(), turn["F"].mean()))
press = pd.DataFrame(rows, columns=["S", "F"])
neighbour = link.start("rolling_mill", seed=number + 1)
neighbour.wait(30.0)
press_run = neighbour.recording.as_plain()
