"""Another formula, tables grouped by age, normal equations, a loop over inspections."""


# %% air-pump-gap
def longest_gap(limit, seen, growth, spread, reserve):
    n = 0
    while seen * math.exp(growth * (1 + spread) * (n + 1) / (1 - reserve)) <= limit:
        n += 1
    return n


# %% air-pump-watch
plant.close()
plant = start()
plant.write(fly=1)
for flight in range(32):
    plant.step()
plant.write(fly=0)
plant.step()
watch_run = plant.recording.as_plain()


# %% air-pump-health
def health(table, k):
    own = table[table["fly"] >= 0.5]
    own = own.iloc[len(own) - int(own[f"age_{k}"].iloc[-1]) :]
    speed = own[f"w_{k}"].to_numpy() / 377
    p = own[f"p_{k}"].to_numpy() / speed**2 / (1.03 - 0.002 * own["T_fuel"].to_numpy())
    return own[f"age_{k}"].to_numpy(), p / np.mean(p[:5])


# %% air-pump-baseline
def mean_residual(lives, age):
    left = [life - age for life in lives if life > age]
    return sum(left) / len(left) if left else 0


# %% air-pump-forecast
def forecast(age, h, limit, sure):
    x = np.asarray(age, dtype=float)[-30:]
    loss = 1 - np.asarray(h, dtype=float)[-30:]
    if np.mean(loss[-5:]) < 0.03:
        return (math.inf,) * 3
    loss = np.clip(loss, 0.005, None)
    w2 = np.clip(loss / 0.008, None, 12) ** 2
    x = x - x[-1]
    N = np.array([[np.sum(w2 * x * x) + 1e4, np.sum(w2 * x)], [np.sum(w2 * x), np.sum(w2)]])
    b = [np.sum(w2 * x * np.log(loss)) + 340, np.sum(w2 * np.log(loss))]
    g, here = np.linalg.solve(N, b)
    middle = (np.log(1 - limit) - here) / g
    J = np.array([middle, 1.0]) / g
    sd = np.sqrt(J @ np.linalg.solve(N, J) + max(middle, 0))
    return middle - sure * sd, middle, middle + sure * sd


# %% air-pump-decide
def decide(lowers, gap, spares):
    order = sorted((lower, k) for k, lower in lowers.items())
    return [k for lower, k in order if not lower > gap][:spares]


# %% air-pump-campaign
plant.close()
plant = start()
for inspection in range(16):
    plant.write(fly=1)
    plant.wait(15 * FLIGHT)
    plant.write(fly=0)
    plant.step()
    change(plant, decide(inspect(plant, 1.7), 15, 4))
run = plant.recording.as_plain()
