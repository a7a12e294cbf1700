"""Counts the samples in which the tool enters and leaves.

fails: cnc-wear-features-test
"""


# %% cnc-wear-features
def features(table):
    found = {}
    for part, rows in table.groupby("part"):
        air, cut = rows[rows["phase"] == AIR], rows[rows["phase"] == FINISHING]
        if (air.index > cut.index.max()).sum() < 8:
            continue
        inner = cut
        net = inner[["force", "power"]].mean() - air[["force", "power"]].mean()
        found[part] = {**net, "vibration": inner["vibration"].median(), "tool": cut["tool"].iloc[0]}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("part")
