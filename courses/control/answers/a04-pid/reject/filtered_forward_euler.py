"""Forward Euler: right for short dt, explodes for long ones.

fails: a04-pid-ringing, a04-pid-saturation
"""

# %% a04-pid-filtered
class FilteredDerivative:
    def __init__(self, Tf):
        self.Tf, self.rate, self.last = Tf, 0.0, None

    def step(self, pv, dt):
        if self.last is None:
            self.slow = pv
        self.last = pv
        self.rate = (pv - self.slow) / self.Tf
        self.slow += dt * self.rate
        return self.rate
