"""Reads Ti as 1/Ki: the integral lacks the gain.

fails: a04-pid-integral
"""

# %% a04-pid-pi
class PI:
    def __init__(self, Kp, Ti=math.inf):
        self.Kp, self.Ti, self.integral = Kp, Ti, 0.0

    def step(self, sp, pv, dt):
        error = sp - pv
        self.integral += error * dt / self.Ti
        return self.Kp * error + self.integral
