"""Stored constant: always the nominal voltage.

fails: p00-start-speed
"""

# %% p00-start-point
def operating_point(V, torque, sheet):
    i = torque / sheet["K"] + sheet["I0"]
    return i, (24.0 - sheet["R"] * i) / sheet["K"]
