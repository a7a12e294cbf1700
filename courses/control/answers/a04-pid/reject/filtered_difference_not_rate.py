"""Wrong units: returns the filtered change of one call in °C, not in °C/s.

fails: a04-pid-slope, a04-pid-ringing, a04-pid-parts
"""

# %% a04-pid-filtered
class FilteredDerivative:
    def __init__(self, Tf):
        self.Tf, self.rate, self.last = Tf, 0.0, None

    def step(self, pv, dt):
        if self.last is not None:
            self.rate = (self.Tf * self.rate + (pv - self.last) * dt) / (self.Tf + dt)
        self.last = pv
        return self.rate
