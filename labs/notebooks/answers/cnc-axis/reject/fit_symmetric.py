"""One Coulomb level for both directions.

fails: cnc-axis-fit-exact, cnc-axis-fit-real, cnc-axis-own-test
"""


# %% cnc-axis-fit
def fit_axis(speed, u, dt, slow):
    w, v = smooth(np.asarray(speed)), smooth(np.asarray(u))
    A = np.column_stack([np.gradient(w, dt), w, np.sign(w)])
    rows = np.abs(w) > slow
    m, b, c = np.linalg.lstsq(A[rows], v[rows], rcond=None)[0]
    return {"inertia": m, "viscous": b, "coulomb_plus": c, "coulomb_minus": c}
