"""The trapezoidal rule: right for short dt, rings for long ones.

fails: a04-pid-ringing
"""

# %% a04-pid-filtered
class FilteredDerivative:
    def __init__(self, Tf):
        self.Tf, self.rate, self.last = Tf, 0.0, None

    def step(self, pv, dt):
        if self.last is not None:
            self.rate = ((2 * self.Tf - dt) * self.rate + 2 * (pv - self.last)) / (2 * self.Tf + dt)
        self.last = pv
        return self.rate
