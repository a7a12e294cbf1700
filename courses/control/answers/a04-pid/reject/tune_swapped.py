"""Swaps the two numbers.

fails: a04-pid-heatup, a04-pid-neighbour, a04-pid-movement
"""

# %% a04-pid-tune
def setting():
    return {"Kp": 69.0, "Ti": 10.8}
