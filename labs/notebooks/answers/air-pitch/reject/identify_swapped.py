"""Regresses with the derivative of alpha for that of q.

fails: air-pitch-identify-test, air-pitch-own-model-test
"""


# %% air-pitch-identify
def identify(table):
    q, delta = (filtered(table[name], VANE_LAG, DT)[0] for name in ("q", "delta"))
    alpha = table["alpha"].to_numpy() + VANE_ARM * q
    (a, da), (q, dq), (d, _) = (filtered(x, 0.4, DT) for x in (alpha, q, delta))
    one, t = np.ones(len(a)), table.index.to_numpy()
    M = np.linalg.lstsq(np.column_stack([a, q, d, one, t]), dq, rcond=None)[0]
    Z = np.linalg.lstsq(np.column_stack([a, one]), dq - q - Z_DELTA * d, rcond=None)[0]
    return {"Z_alpha": Z[0], "M_alpha": M[0], "M_q": M[1], "M_delta": M[2]}


# %% air-pitch-flight
plant.close()
plant = start()
plant.write(K_theta=2.5, K_q=1.8, K_i=0.6)
plant.write(law=1)
plant.wait(5.0)
plant.write(theta_ref=3.0)
plant.wait(20.0)
plant.write(theta_ref=0.0)
plant.wait(10.0)
plant.write(turbulent=1)
plant.wait(70.0)
run = plant.recording.as_plain()
