"""Keeps the integral in the class, so that all controllers share one memory.

fails: a04-pid-integral
"""

# %% a04-pid-pi
class PI:
    memory = [0.0]

    def __init__(self, Kp, Ti=math.inf):
        self.Kp, self.Ti = Kp, Ti

    def step(self, sp, pv, dt):
        self.memory[0] += self.Kp / self.Ti * (sp - pv) * dt
        return self.Kp * (sp - pv) + self.memory[0]
