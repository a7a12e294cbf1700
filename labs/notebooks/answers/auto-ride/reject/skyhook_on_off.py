"""On or off: the full current wherever it helps.

fails: auto-ride-rule-test
"""


# %% auto-ride-skyhook
def skyhook(v_body, v_rel, c_sky, damper, I_high):
    return I_high if v_body * v_rel > 0 else 0.0
