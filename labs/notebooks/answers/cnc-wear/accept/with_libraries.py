"""SciPy where it has the thing, a trimmed mean, a watch on every single part."""


# %% cnc-wear-number
number = 12


# %% cnc-wear-power
def spindle_power(depth, feed, idle):
    watts = (KC * 1e6) * (depth / 1e3) * (WIDTH / 1e3) * (FEED * feed / 100 / 6e4)
    return idle + watts / 1e3


# %% cnc-wear-depth
def deepest(feed, idle, reserve):
    from scipy.optimize import brentq

    def over(depth):
        return spindle_power(depth, feed, idle) * (1 + reserve) - POWER_LIMIT

    if over(0.0) >= 0:
        return 0.0
    return 5.0 if over(5.0) <= 0 else brentq(over, 0.0, 5.0, xtol=1e-12)


# %% cnc-wear-calibrate
plant.close()
plant = power_up()
while plant.read()["wear_read"] < 0.25:
    order(plant, MAKE)
    order(plant, MAKE)
    plant.wait(5.0)
    order(plant, MEASURE)
calibration = plant.recording.as_plain()


# %% cnc-wear-features
def features(table):
    table = table.assign(t=table.index)
    finish = table[table["phase"] == FINISHING]
    air = table[table["phase"] == AIR]
    ends = finish.groupby("part")["t"].max()
    after = air[air["t"] > air["part"].map(ends)].groupby("part").size()
    whole = after.index[after >= 8]
    inner = finish.groupby("part", group_keys=False)[finish.columns.tolist()].apply(lambda g: g.iloc[2:-2])
    cut, idle = inner.groupby("part"), air.groupby("part")
    out = cut[["force", "power"]].mean() - idle[["force", "power"]].mean()
    out["vibration"] = cut["vibration"].quantile(0.5)
    out["tool"] = cut["tool"].first()
    return out.loc[whole].rename_axis("part")


# %% cnc-wear-line
def fit_wear(force, wear):
    line = stats.linregress(np.asarray(force), np.asarray(wear))
    return line.slope, line.intercept


# %% cnc-wear-bound
def alarm_limit(errors, rate):
    e = np.asarray(errors)
    return stats.t.isf(rate, len(e) - 1, loc=e.mean(), scale=stats.sem(e) * np.sqrt(len(e) + 1))


# %% cnc-wear-watch
def watch(values, limit, confirm):
    values = pd.Series(values, dtype=float).dropna()
    above = (values > limit).rolling(confirm).sum() == confirm
    return int(above.idxmax()) if above.any() else None


# %% cnc-wear-own
GOOD = 0.22
table = plant.recording.table
read = readings(table)
force = features(table).loc[read.index, "force"]
slope, intercept = fit_wear(force, read)
errors = -(read - slope * force - intercept)
limit = GOOD + alarm_limit(errors.to_numpy(), 0.01)


# %% cnc-wear-shift
plant.close()
plant = power_up()
mine = []
while plant.read()["part"] < 62:
    made = features(order(plant, MAKE))
    mine.append(float((intercept + slope * made["force"]).iloc[-1]))
    if watch(mine, limit - 0.005, 2) is not None:
        order(plant, CHANGE)
        mine.clear()
shift = plant.recording.as_plain()


# %% cnc-wear-folds
def experiment_folds(groups):
    names, where = np.unique(groups, return_inverse=True)
    return [(where != k, where == k) for k in range(len(names))]


# %% cnc-wear-share
def score(X, y, folds):
    def fold(train, test):
        m, s = np.mean(X[train], 0), np.std(X[train], 0)
        scaled = (X - m) / np.where(s == 0, 1, s)
        return np.mean(nearest(scaled[train], y[train], scaled[test]) == y[test])

    return np.mean([fold(train, test) for train, test in folds])
