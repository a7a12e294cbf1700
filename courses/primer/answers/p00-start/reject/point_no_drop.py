"""Textbook misreading: the whole supply becomes speed.

fails: p00-start-speed
"""

# %% p00-start-point
def operating_point(V, torque, sheet):
    i = torque / sheet["K"] + sheet["I0"]
    return i, V / sheet["K"] + 0 * i
