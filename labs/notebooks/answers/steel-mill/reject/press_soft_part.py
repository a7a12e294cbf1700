"""Measures the soft start only.

fails: steel-mill-press-test, steel-mill-own-modulus-test, steel-mill-own-roll-test, steel-mill-accept-test
"""

# %% steel-mill-press
plant.close()
plant = start()
v = 2.0
plant.write(v=v)
rows = []
for S_ref in np.linspace(-0.3, -1.6, 9):
    plant.write(S_ref=float(S_ref))
    plant.wait(1.0)
    turn = plant.wait(2 * np.pi * 0.70 / v)
    rows.append((turn["S"].mean(), turn["F"].mean()))
press = pd.DataFrame(rows, columns=["S", "F"])
press_run = plant.recording.as_plain()


# %% steel-mill-modulus
def modulus(S, F, low, high):
    S, F = np.asarray(S), np.asarray(F)
    keep = (F >= low) & (F <= high)
    return -np.polyfit(S[keep], F[keep], 1)[0]


M_hat = modulus(press["S"], press["F"], 0.5, 16.0)
