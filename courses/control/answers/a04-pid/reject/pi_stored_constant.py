"""Answers the example of the task and nothing else.

fails: a04-pid-proportional, a04-pid-integral
"""

# %% a04-pid-pi
class PI:
    def __init__(self, Kp, Ti=math.inf):
        self.Kp, self.Ti, self.u = Kp, Ti, None

    def step(self, sp, pv, dt):
        self.u = {True: 12.0, False: self.u + 2.0}[self.u is None] if self.Ti < 1e9 else 2.0 * (sp - pv)
        return self.u
