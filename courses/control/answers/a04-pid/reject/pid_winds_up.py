"""Leaves the anti-windup of Task 2 behind.

fails: a04-pid-saturation, a04-pid-heatup, a04-pid-movement
"""

# %% a04-pid-class
class PID:
    def __init__(self, Kp, Ti=math.inf, Td=0.0, N=8.0, u_min=0.0, u_max=100.0):
        self.Kp, self.Ti, self.Td, self.u_min, self.u_max = Kp, Ti, Td, u_min, u_max
        self.integral = 0.0
        self.rate = FilteredDerivative(Td / N) if Td > 0 else None

    def step(self, sp, pv, dt):
        error = sp - pv
        quick = self.Kp * error + self.derivative(pv, dt)
        step = self.Kp / self.Ti * error * dt
        self.integral += step
        return self.limited(quick + self.integral)

    def manual(self, u, sp, pv, dt):
        u = self.limited(u)
        self.integral = u - self.Kp * (sp - pv) - self.derivative(pv, dt)
        return u

    def derivative(self, pv, dt):
        return -self.Kp * self.Td * self.rate.step(pv, dt) if self.rate else 0.0

    def limited(self, u):
        return min(max(u, self.u_min), self.u_max)
