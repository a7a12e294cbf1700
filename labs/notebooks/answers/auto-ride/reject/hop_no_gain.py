"""Gives millimetres instead of a ratio.

fails: auto-ride-own-hop-test
"""

# %% auto-ride-hop
plant.close()
plant = power_up()
rows = []
for current in (0.0, 1.0):
    plant.write(shaker=1, current=current)
    for f in (7.0, 8.0, 9.0, 10.0, 11.0, 13.0):
        A = safe_amplitude(f, 3.0, 0.05, 0.6, 0.3)
        plant.write(frequency=f, amplitude=A)
        plant.wait(0.8)
        table = plant.wait(1.0)
        rows.append((f, current, 1000 * amplitude(table.index, table["tyre"], f)))
hop = pd.DataFrame(rows, columns=["f", "I", "gain"])
hop_run = plant.recording.as_plain()
