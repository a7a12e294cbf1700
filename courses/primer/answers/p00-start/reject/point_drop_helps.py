"""Sign error: the resistance adds to the voltage.

fails: p00-start-speed
"""

# %% p00-start-point
def operating_point(V, torque, sheet):
    i = torque / sheet["K"] + sheet["I0"]
    return i, (V + sheet["R"] * i) / sheet["K"]
