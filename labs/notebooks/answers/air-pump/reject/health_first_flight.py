"""One flight for the mean of five.

fails: air-pump-health-test
"""


# %% air-pump-health
def health(table, k):
    flown = table[table["fly"] >= 0.5]
    flown = flown[flown[f"age_{k}"] > 0]
    age = flown[f"age_{k}"].to_numpy()
    falls = np.flatnonzero(np.diff(age) < 0)
    begin = falls[-1] + 1 if len(falls) else 0
    share = (flown[f"w_{k}"] / 377.0) ** 2 * (1 - 0.002 * (flown["T_fuel"] - 15.0))
    p = (flown[f"p_{k}"] / share).to_numpy()[begin:]
    return age[begin:], p / p[0]


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
