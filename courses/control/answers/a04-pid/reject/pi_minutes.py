"""Wrong units: takes Ti in minutes, as the front plate of many controllers shows it.

fails: a04-pid-integral
"""

# %% a04-pid-pi
class PI:
    def __init__(self, Kp, Ti=math.inf):
        self.Kp, self.Ti, self.integral = Kp, Ti, 0.0

    def step(self, sp, pv, dt):
        error = sp - pv
        self.integral += self.Kp / (60.0 * self.Ti) * error * dt
        return self.Kp * error + self.integral
