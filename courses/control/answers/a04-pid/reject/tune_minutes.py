"""Wrong units: Ti in minutes.

fails: a04-pid-heatup, a04-pid-neighbour, a04-pid-movement
"""

# %% a04-pid-tune
def setting():
    return {"Kp": 10.8, "Ti": 69.0 / 60.0}
