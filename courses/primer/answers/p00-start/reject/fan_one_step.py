"""One step of iteration: the torque at no-load speed, and the speed at that torque.

fails: p00-start-fan
"""

# %% p00-start-balance
def fan_speed(V, c, sheet):
    K, R, I0 = sheet["K"], sheet["R"], sheet["I0"]
    no_load = (V - R * I0) / K
    return operating_point(V, c * no_load**2, sheet)[1]
