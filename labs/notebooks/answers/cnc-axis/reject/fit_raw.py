"""Takes the slope of the raw speed, sample to sample.

fails: cnc-axis-fit-real
"""


# %% cnc-axis-fit
def fit_axis(speed, u, dt, slow):
    w, v = np.asarray(speed), np.asarray(u)
    a = np.gradient(w, dt)
    A = np.column_stack([a, w, w > 0, -(w < 0).astype(float)])
    rows = np.abs(w) > slow
    m, b, plus, minus = np.linalg.lstsq(A[rows], v[rows], rcond=None)[0]
    return {"inertia": m, "viscous": b, "coulomb_plus": plus, "coulomb_minus": minus}
