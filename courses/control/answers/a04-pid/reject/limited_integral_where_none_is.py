"""Sets the integral so that the command meets the limit, also when Ti is infinite.

fails: a04-pid-limits
"""

# %% a04-pid-limited
class LimitedPI:
    def __init__(self, Kp, Ti=math.inf, u_min=0.0, u_max=100.0):
        self.Kp, self.Ti, self.u_min, self.u_max = Kp, Ti, u_min, u_max
        self.integral = 0.0

    def step(self, sp, pv, dt):
        error = sp - pv
        step = self.Kp / self.Ti * error * dt
        self.integral += step
        u = self.Kp * error + self.integral
        clipped = min(max(u, self.u_min), self.u_max)
        self.integral += clipped - u
        return clipped
