"""Stops the integral at the first touch of a limit and never starts it again.

fails: a04-pid-antiwindup
"""

# %% a04-pid-limited
class LimitedPI:
    def __init__(self, Kp, Ti=math.inf, u_min=0.0, u_max=100.0):
        self.Kp, self.Ti, self.u_min, self.u_max = Kp, Ti, u_min, u_max
        self.integral = 0.0
        self.frozen = False

    def step(self, sp, pv, dt):
        error = sp - pv
        step = self.Kp / self.Ti * error * dt
        u = self.Kp * error + self.integral + step
        self.frozen = self.frozen or u > self.u_max or u < self.u_min
        if not self.frozen:
            self.integral += step
        return min(max(self.Kp * error + self.integral, self.u_min), self.u_max)
