"""Presses beyond the limit of the plan until the guard trips.

fails: steel-mill-press-test
"""

# %% steel-mill-press
plant.close()
plant = start()
v = 2.0
plant.write(v=v)
rows = []
for S_ref in np.linspace(-0.7, -5.5, 15):
    plant.write(S_ref=float(S_ref))
    plant.wait(1.0)
    turn = plant.wait(2 * np.pi * 0.70 / v)
    rows.append((turn["S"].mean(), turn["F"].mean()))
rows = [row for row in rows if row[1] < 16.0]
press = pd.DataFrame(rows, columns=["S", "F"])
press_run = plant.recording.as_plain()
