"""Gives the proportional band (9 %) as the gain, divided by 100.

fails: a04-pid-heatup, a04-pid-neighbour, a04-pid-movement
"""

# %% a04-pid-tune
def setting():
    return {"Kp": 9.0 / 100.0, "Ti": 69.0}
