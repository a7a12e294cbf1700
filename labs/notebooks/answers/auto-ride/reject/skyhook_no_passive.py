"""Forgets what the damper gives without current.

fails: auto-ride-rule-test
"""


# %% auto-ride-skyhook
def skyhook(v_body, v_rel, c_sky, damper, I_high):
    if v_body * v_rel <= 0.0:
        return 0.0
    s = math.tanh(abs(v_rel) / damper["v0"])
    passive = damper["c"] * abs(v_rel) + damper["f0"] * s
    current = (c_sky * abs(v_body)) / (damper["f1"] * s)
    return min(max(current, 0.0), I_high)
