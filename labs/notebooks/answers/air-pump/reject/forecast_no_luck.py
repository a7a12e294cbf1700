"""Forgets that luck is still to come, and that the fit has an error.

fails: air-pump-forecast-test
"""


# %% air-pump-forecast
def forecast(age, h, limit, sure):
    age, loss = np.asarray(age, dtype=float)[-30:], 1.0 - np.asarray(h)[-30:]
    if loss[-5:].mean() < 0.03:
        return math.inf, math.inf, math.inf
    loss = np.maximum(loss, 0.005)
    weight = np.minimum(loss / 0.008, 12.0)
    X = np.column_stack([age - age[-1], np.ones(len(age))]) * weight[:, None]
    y = np.log(loss) * weight
    X, y = np.vstack([X, [1 / 0.010, 0.0]]), np.append(y, 0.034 / 0.010)
    g, level = np.linalg.lstsq(X, y, rcond=None)[0]
    g = max(g, 0.005)
    middle = (math.log(1.0 - limit) - level) / g
    J = np.array([-middle / g, -1.0 / g])
    deviation = 1.0
    return middle - sure * deviation, middle, middle + sure * deviation


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
