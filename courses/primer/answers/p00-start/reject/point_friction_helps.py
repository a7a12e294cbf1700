"""Sign error: friction reduces the current.

fails: p00-start-current, p00-start-speed
"""

# %% p00-start-point
def operating_point(V, torque, sheet):
    i = torque / sheet["K"] - sheet["I0"]
    return i, (V - sheet["R"] * i) / sheet["K"]
