"""Sign error: the negative root of the quadratic.

fails: p00-start-fan
"""

# %% p00-start-balance
def fan_speed(V, c, sheet):
    K, R, I0 = sheet["K"], sheet["R"], sheet["I0"]
    stall = K * (V / R - I0)
    a = max(c, 1e-30)
    return (-K * K / R - np.sqrt((K * K / R) ** 2 + 4 * a * stall)) / (2 * a)
