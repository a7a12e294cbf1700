"""No integral: every zone stops short of its set point.

fails: a04-pid-heatup, a04-pid-neighbour, a04-pid-movement
"""

# %% a04-pid-tune
def setting():
    return {"Kp": 11.0}
