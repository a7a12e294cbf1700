"""Sign: the least urgent first.

fails: air-pump-decide-test
"""


# %% air-pump-decide
def decide(lowers, gap, spares):
    return sorted([k for k in lowers if lowers[k] <= gap], key=lowers.get, reverse=True)[:spares]


# %% air-pump-campaign
plant.close()
plant = start()
while plant.read()["flights"] < 240:
    plant.write(fly=1)
    plant.wait(15 * FLIGHT)
    plant.write(fly=0)
    plant.step()
    flown = plant.recording.table.query("fly >= 0.5")
    pumps = []
    for k in (1, 2, 3, 4):
        mine = flown.iloc[-int(flown[f"age_{k}"].iloc[-1]) :]
        p = mine[f"p_{k}"] / mine[f"w_{k}"] ** 2 / (1.03 - 0.002 * mine["T_fuel"])
        if p.iloc[-3:].mean() < 0.935 * p.iloc[:5].mean():
            pumps.append(k)
    change(plant, pumps)
run = plant.recording.as_plain()
