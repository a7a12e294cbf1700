"""Adds the error of each call without the time it stands for.

fails: a04-pid-integral
"""

# %% a04-pid-pi
class PI:
    def __init__(self, Kp, Ti=math.inf):
        self.Kp, self.Ti, self.integral = Kp, Ti, 0.0

    def step(self, sp, pv, dt):
        error = sp - pv
        self.integral += self.Kp / self.Ti * error
        return self.Kp * error + self.integral
