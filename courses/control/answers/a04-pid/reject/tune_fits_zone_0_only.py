"""A setting that just passes zone 0 and leaves no margin for the others.

fails: a04-pid-neighbour
"""

# %% a04-pid-tune
def setting():
    return {"Kp": 6.3, "Ti": 75.0}
