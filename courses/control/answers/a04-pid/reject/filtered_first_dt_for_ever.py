"""Computes its coefficients from the first dt and keeps them.

fails: a04-pid-slope, a04-pid-parts, a04-pid-bumpless
"""

# %% a04-pid-filtered
class FilteredDerivative:
    def __init__(self, Tf):
        self.Tf, self.rate, self.last = Tf, 0.0, None

    def step(self, pv, dt):
        if self.last is None:
            self.dt = dt
        else:
            self.rate = (self.Tf * self.rate + pv - self.last) / (self.Tf + self.dt)
        self.last = pv
        return self.rate
