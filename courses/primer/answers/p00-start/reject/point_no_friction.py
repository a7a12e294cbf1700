"""Textbook misreading: forgets the no-load current.

fails: p00-start-current, p00-start-speed
"""

# %% p00-start-point
def operating_point(V, torque, sheet):
    i = torque / sheet["K"]
    return i, (V - sheet["R"] * i) / sheet["K"]
