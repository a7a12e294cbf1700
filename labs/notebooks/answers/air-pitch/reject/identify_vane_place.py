"""Takes the vane for one behind the centre of gravity.

fails: air-pitch-identify-test
"""


# %% air-pitch-identify
def identify(table):
    q, delta = (filtered(table[name], VANE_LAG, DT)[0] for name in ("q", "delta"))
    alpha = table["alpha"].to_numpy() - VANE_ARM * q
    (a, da), (q, dq), (d, _) = (filtered(x, 0.4, DT) for x in (alpha, q, delta))
    one, t = np.ones(len(a)), table.index.to_numpy()
    M = np.linalg.lstsq(np.column_stack([a, q, d, one, t]), dq)[0]
    Z = np.linalg.lstsq(np.column_stack([a, one]), da - q - Z_DELTA * d)[0]
    return {"Z_alpha": Z[0], "M_alpha": M[0], "M_q": M[1], "M_delta": M[2]}
