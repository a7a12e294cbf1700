"""Empties the integral at the limit, so the heater falls off and comes back.

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
        if u > self.u_max or u < self.u_min:
            self.integral = 0.0
            u = self.Kp * error + (self.u_max if u > self.u_max else self.u_min) * (abs(step) > 1e9)
        return min(max(u, self.u_min), self.u_max)
