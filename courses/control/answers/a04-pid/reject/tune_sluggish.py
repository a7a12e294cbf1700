"""Cancels the slow time constant with Ti: calm and too slow.

fails: a04-pid-heatup, a04-pid-neighbour
"""

# %% a04-pid-tune
def setting():
    return {"Kp": 6.0, "Ti": 140.0, "Td": 0.0}
