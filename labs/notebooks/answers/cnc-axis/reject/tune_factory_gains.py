"""Leaves the gains of the factory.

fails: cnc-axis-speed-loop, cnc-axis-position-loop, cnc-axis-accept
"""


# %% cnc-axis-tune
def tune(inertia, dead_time, margin=50.0):
    return {"Kv": 0.05, "Tv": 0.2, "Kp": 10.0}
