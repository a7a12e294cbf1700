"""Takes the mean of the vibration: one knock moves it.

fails: cnc-wear-robust
"""


# %% cnc-wear-features
def features(table):
    found = {}
    for part, rows in table.groupby("part"):
        air, cut = rows[rows["phase"] == AIR], rows[rows["phase"] == FINISHING]
        if (air.index > cut.index.max()).sum() < 8:
            continue
        inner = cut.iloc[2:-2]
        net = inner[["force", "power"]].mean() - air[["force", "power"]].mean()
        found[part] = {**net, "vibration": inner["vibration"].mean(), "tool": cut["tool"].iloc[0]}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("part")
