"""Polynomial fits with weights, shorter gaps between inspections, a sorted table."""


# %% air-pump-gap
def longest_gap(limit, seen, growth, spread, reserve):
    doubling = math.log(2) / (growth + growth * spread)
    return int(math.log2(limit / seen) * doubling * (1 - reserve))


# %% air-pump-watch
plant.close()
plant = start()
plant.write(fly=1)
plant.wait(35 * FLIGHT)
plant.write(fly=0)
plant.wait(2 * FLIGHT)
watch_run = plant.recording.as_plain()


# %% air-pump-health
def health(table, k):
    ages, pressures = [], []
    for row in table.to_dict("records"):
        age = row[f"age_{k}"]
        if age == 0:
            ages, pressures = [], []
        elif row["fly"] >= 0.5:
            ages.append(age)
            share = (row[f"w_{k}"] / 377) ** 2 * (1 - 0.002 * (row["T_fuel"] - 15))
            pressures.append(row[f"p_{k}"] / share)
    return np.array(ages), np.array(pressures) / np.mean(pressures[:5])


# %% air-pump-baseline
def mean_residual(lives, age):
    lives = pd.Series(lives, dtype=float)
    mean = (lives[lives > age] - age).mean()
    return 0.0 if np.isnan(mean) else mean


# %% air-pump-forecast
def forecast(age, h, limit, sure):
    age, loss = np.array(age[-30:], dtype=float), 1 - np.array(h[-30:])
    if loss[-5:].mean() < 0.03:
        return math.inf, math.inf, math.inf
    loss[loss < 0.005] = 0.005
    weight = np.minimum(loss / 0.008, 12)
    rows = [[w * (a - age[-1]), w] for a, w in zip(age, weight)] + [[100.0, 0.0]]
    right = [*(np.log(loss) * weight), 3.4]
    from scipy.optimize import least_squares

    fit = least_squares(lambda v: np.array(rows) @ v - right, [0.034, -2.0])
    g, here = fit.x
    middle = (math.log(1 - limit) - here) / max(g, 0.004)
    C = np.linalg.inv(fit.jac.T @ fit.jac)
    J = np.array([-middle / g, -1 / g])
    width = sure * math.sqrt(J @ C @ J + max(middle, 0))
    return middle - width, middle, middle + width


# %% air-pump-decide
def decide(lowers, gap, spares):
    pumps = pd.Series(lowers, dtype=float).sort_values()
    return [int(k) for k in pumps[pumps <= gap].index[:spares]]


# %% air-pump-campaign
plant.close()
plant = start()
while plant.read()["flights"] < 245:
    plant.write(fly=1)
    plant.wait(12 * FLIGHT)
    plant.write(fly=0)
    plant.step()
    table = plant.recording.table
    change(plant, decide(inspect(plant, 2.0), 12, 4))
run = plant.recording.as_plain()
