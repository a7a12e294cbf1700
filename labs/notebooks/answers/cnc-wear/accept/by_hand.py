"""Sums and sorted lists instead of pandas and NumPy's helpers."""


# %% cnc-wear-number
number = 44


# %% cnc-wear-power
def spindle_power(depth, feed, idle):
    newton = KC * depth * WIDTH  # N
    metres = FEED * feed / 100 / 1000 / 60  # m/s
    return idle + newton * metres / 1000


# %% cnc-wear-depth
def deepest(feed, idle, reserve):
    per_mm = spindle_power(1.0, feed, 0.0)
    depth = (POWER_LIMIT / (1.0 + reserve) - idle) / per_mm
    return sorted([0.0, depth, 5.0])[1]


# %% cnc-wear-calibrate
plant.close()
plant = power_up()
for k in range(1, 40):
    rows = order(plant, MAKE)
    if k % 2:
        rows = order(plant, MEASURE)
        if rows["wear_read"].iloc[-1] > 0.24:
            break
calibration = plant.recording.as_plain()


# %% cnc-wear-features
def features(table):
    names, rows = [], []
    for part in np.unique(table["part"]):
        here = table[table["part"] == part]
        phase = here["phase"].to_numpy()
        cut = np.flatnonzero(phase == 3)
        if len(cut) == 0 or np.sum(phase[cut[-1] :] == 1) < 8:
            continue
        row = {}
        for name in ("force", "power"):
            x = here[name].to_numpy()
            row[name] = np.nanmean(x[cut[2:-2]]) - np.nanmean(x[phase == 1])
        v = here["vibration"].to_numpy()[cut[2:-2]]
        v = np.sort(v[~np.isnan(v)])
        row["vibration"] = v[len(v) // 4 : -(len(v) // 4)].mean()
        row["tool"] = here["tool"].iloc[cut[0]]
        names.append(part)
        rows.append(row)
    return pd.DataFrame(rows, index=pd.Index(names, name="part"))


# %% cnc-wear-line
def fit_wear(force, wear):
    x, y = np.array(force, float), np.array(wear, float)
    slope = np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2)
    return slope, y.mean() - slope * x.mean()


# %% cnc-wear-bound
def alarm_limit(errors, rate):
    e = np.array(errors, float)
    s = np.sqrt(np.sum((e - e.mean()) ** 2) / (len(e) - 1))
    return e.mean() - stats.t.ppf(rate, len(e) - 1) * s * ((len(e) + 1) / len(e)) ** 0.5


# %% cnc-wear-watch
def watch(values, limit, confirm):
    seen = [k for k, value in enumerate(values) if value == value]
    for end in range(confirm, len(seen) + 1):
        last = seen[end - confirm : end]
        if min(values[k] for k in last) > limit:
            return last[-1]


# %% cnc-wear-own
GOOD = 0.21
table = plant.recording.table
read = readings(table)
force = features(table).loc[read.index, "force"]
slope, intercept = fit_wear(force, read)
errors = intercept + slope * force - read
limit = GOOD + alarm_limit(errors.to_numpy(), 0.01)


# %% cnc-wear-shift
plant.close()
plant = power_up()
estimates = []
for _ in range(60):
    row = features(order(plant, MAKE)).iloc[0]
    estimates.append(intercept + slope * row["force"])
    if watch(estimates, limit, 2) is not None:
        order(plant, CHANGE)
        estimates = []
shift = plant.recording.as_plain()


# %% cnc-wear-folds
def experiment_folds(groups):
    pairs = []
    for g in sorted(set(np.asarray(groups).tolist())):
        test = np.array([x == g for x in groups])
        pairs.append((~test, test))
    return pairs


# %% cnc-wear-share
def score(X, y, folds):
    total = 0.0
    for train, test in folds:
        s = np.std(X[train], axis=0)
        s = np.where(s > 0, s, 1.0)
        total += float(np.mean(nearest(X[train] / s, y[train], X[test] / s) == y[test]))
    return total / len(folds)
