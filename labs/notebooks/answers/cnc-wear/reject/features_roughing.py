"""Takes the roughing cut, in which the chips hide the wear.

fails: cnc-wear-features-test, cnc-wear-accept
"""


# %% cnc-wear-features
def features(table):
    found = {}
    for part, rows in table.groupby("part"):
        air, cut = rows[rows["phase"] == AIR], rows[rows["phase"] == ROUGHING]
        if (air.index > cut.index.max()).sum() < 8:
            continue
        inner = cut.iloc[2:-2]
        net = inner[["force", "power"]].mean() - air[["force", "power"]].mean()
        found[part] = {**net, "vibration": inner["vibration"].median(), "tool": cut["tool"].iloc[0]}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("part")
