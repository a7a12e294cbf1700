"""Wrong units: takes the torque constant for mN·m/A.

fails: p00-start-current, p00-start-speed
"""

# %% p00-start-point
def operating_point(V, torque, sheet):
    K = sheet["K"] / 1000
    i = torque / K + sheet["I0"]
    return i, (V - sheet["R"] * i) / K
