"""Invented points: a straight line of the data sheet, and no test at all.

fails: steel-mill-press-test, steel-mill-own-modulus-test, steel-mill-own-roll-test
"""

# %% steel-mill-press
plant.close()
plant = start()
S = np.linspace(-0.7, -2.6, 9)
press = pd.DataFrame({"S": S, "F": -5.0 * (S + 0.3)})
press_run = plant.recording.as_plain()
