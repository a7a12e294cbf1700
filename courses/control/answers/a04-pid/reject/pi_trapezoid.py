"""Averages the old and the new error, and starts with an old error of zero.

fails: a04-pid-integral
"""

# %% a04-pid-pi
class PI:
    def __init__(self, Kp, Ti=math.inf):
        self.Kp, self.Ti, self.integral, self.before = Kp, Ti, 0.0, 0.0

    def step(self, sp, pv, dt):
        error = sp - pv
        self.integral += self.Kp / self.Ti * (error + self.before) / 2 * dt
        self.before = error
        return self.Kp * error + self.integral
