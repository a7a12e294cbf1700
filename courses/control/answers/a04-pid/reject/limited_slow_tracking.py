"""Back-calculation with a tracking time ten times Ti: it unwinds, but far too slowly.

fails: a04-pid-antiwindup
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
        if math.isfinite(self.Ti):
            self.integral += (clipped - u) * dt / (10 * self.Ti)
        return clipped
