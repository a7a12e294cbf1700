"""Off by one sample: the integral grows after the command was computed.

fails: a04-pid-integral
"""

# %% a04-pid-pi
class PI:
    def __init__(self, Kp, Ti=math.inf):
        self.Kp, self.Ti, self.integral = Kp, Ti, 0.0

    def step(self, sp, pv, dt):
        error = sp - pv
        u = self.Kp * error + self.integral
        self.integral += self.Kp / self.Ti * error * dt
        return u
