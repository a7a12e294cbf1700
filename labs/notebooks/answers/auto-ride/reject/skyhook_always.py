"""Gives current whatever the damper can do with it.

fails: auto-ride-rule-test
"""


# %% auto-ride-skyhook
def skyhook(v_body, v_rel, c_sky, damper, I_high):
    v_rel = v_rel or 1e-9
    s = math.tanh(abs(v_rel) / damper["v0"])
    passive = damper["c"] * abs(v_rel) + damper["f0"] * s
    current = (c_sky * abs(v_body) - passive) / (damper["f1"] * s)
    return min(max(current, 0.0), I_high)
