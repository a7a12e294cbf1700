"""Changes the recording: takes 0.2 MN off the force.

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
press_run = plant.recording.as_plain()
press_run["rows"][:, 11] -= 0.2
