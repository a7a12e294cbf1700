"""Takes the mean while the gap still moves.

fails: steel-mill-press-test, steel-mill-own-modulus-test, steel-mill-own-roll-test
"""

# %% steel-mill-press
plant.close()
plant = start()
v = 2.0
plant.write(v=v)
rows = []
for S_ref in np.linspace(-0.7, -2.66, 9):
    plant.write(S_ref=float(S_ref))
    plant.wait(0.02)
    turn = plant.wait(0.3)
    rows.append((turn["S"].mean(), turn["F"].mean()))
press = pd.DataFrame(rows, columns=["S", "F"])
press_run = plant.recording.as_plain()
