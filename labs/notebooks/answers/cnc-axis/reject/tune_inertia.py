"""Forgets the inertia.

fails: cnc-axis-speed-loop, cnc-axis-position-loop, cnc-axis-accept
"""


# %% cnc-axis-tune
def tune(inertia, dead_time, margin=50.0):
    left = np.pi / 2 - np.arctan(1 / 4) - np.radians(margin)
    crossover = left / dead_time
    Kv = crossover / np.sqrt(1 + 1 / 16)
    return {"Kv": Kv, "Tv": 4 / crossover, "Kp": crossover / 4}
