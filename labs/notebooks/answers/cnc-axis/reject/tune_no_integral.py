"""Forgets the phase of the integral.

fails: cnc-axis-speed-loop
"""


# %% cnc-axis-tune
def tune(inertia, dead_time, margin=50.0):
    left = np.pi / 2 - np.radians(margin)
    crossover = left / dead_time
    Kv = inertia * crossover / np.sqrt(1 + 1 / 16)
    return {"Kv": Kv, "Tv": 4 / crossover, "Kp": crossover / 4}
