"""Takes spread off the force as well: gives away range.

fails: steel-mill-limits-test
"""


# %% steel-mill-deepest
def deepest(force_limit, M_sheet, spread, reserve):
    return -force_limit * (1 - reserve) * (1 - spread) / (M_sheet * (1 + spread))


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
press_run = plant.recording.as_plain()
