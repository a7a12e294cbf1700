"""Gives Kp / Ti where Ti is asked for.

fails: a04-pid-heatup, a04-pid-neighbour, a04-pid-movement
"""

# %% a04-pid-tune
def setting():
    return {"Kp": 10.8, "Ti": 10.8 / 69.0}
