"""Takes the time of a turn at 2 m/s, and rolls at 3 m/s: one and a half turns.

fails: steel-mill-press-test
"""

# %% steel-mill-press
plant.close()
plant = start()
v = 3.0
plant.write(v=v)
rows = []
for S_ref in np.linspace(-0.7, -2.66, 9):
    plant.write(S_ref=float(S_ref))
    plant.wait(1.5)
    turn = plant.wait(2 * np.pi * 0.70 / 2.0)
    rows.append((turn["S"].mean(), turn["F"].mean()))
press = pd.DataFrame(rows, columns=["S", "F"])
press_run = plant.recording.as_plain()
