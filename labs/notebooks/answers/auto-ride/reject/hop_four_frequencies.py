"""Four frequencies.

fails: auto-ride-own-hop-test
"""

# %% auto-ride-hop
plant.close()
plant = power_up()
rows = []
for current in (0.0, 1.0):
    plant.write(shaker=1, current=current)
    for f in (8.0, 9.0, 10.0, 12.0):
        A = safe_amplitude(f, 3.0, 0.05, 0.6, 0.3)
        plant.write(frequency=f, amplitude=A)
        plant.wait(0.8)
        table = plant.wait(1.0)
        rows.append((f, current, amplitude(table.index, table["tyre"], f) / A))
hop = pd.DataFrame(rows, columns=["f", "I", "gain"])
hop_run = plant.recording.as_plain()
