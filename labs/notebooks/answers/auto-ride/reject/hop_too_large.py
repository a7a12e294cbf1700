"""Three millimetres at wheel hop.

fails: auto-ride-own-hop-test
"""

# %% auto-ride-hop
plant.close()
plant = power_up()
rows = []
for current in (0.0, 1.0):
    plant.write(shaker=1, current=current)
    for f in (7.0, 8.0, 9.0, 10.0, 11.0, 13.0):
        A = 0.003
        plant.write(frequency=f, amplitude=A)
        plant.wait(0.8)
        table = plant.wait(1.0)
        rows.append((f, current, amplitude(table.index, table["tyre"], f) / A))
hop = pd.DataFrame(rows, columns=["f", "I", "gain"])
hop_run = plant.recording.as_plain()
