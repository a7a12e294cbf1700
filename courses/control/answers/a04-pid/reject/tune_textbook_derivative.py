"""A textbook PID rule on a coarse sensor: fast, and the heater never rests.

fails: a04-pid-movement
"""

# %% a04-pid-tune
def setting():
    return {"Kp": 15.0, "Ti": 40.0, "Td": 10.0}
