"""A few steps of iteration: good for a small fan, far off for a large one.

fails: p00-start-fan
"""

# %% p00-start-balance
def fan_speed(V, c, sheet):
    K, R, I0 = sheet["K"], sheet["R"], sheet["I0"]
    w = (V - R * I0) / K
    for _ in range(3):
        w = operating_point(V, c * w**2, sheet)[1]
    return w
