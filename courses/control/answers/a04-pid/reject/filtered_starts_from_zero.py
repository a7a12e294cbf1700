"""Takes the value before the first call as 0 °C: a kick at every start.

fails: a04-pid-slope, a04-pid-ringing, a04-pid-kick, a04-pid-parts, a04-pid-saturation, a04-pid-bumpless
"""

# %% a04-pid-filtered
class FilteredDerivative:
    def __init__(self, Tf):
        self.Tf, self.rate, self.last = Tf, 0.0, 0.0

    def step(self, pv, dt):
        self.rate = (self.Tf * self.rate + pv - self.last) / (self.Tf + dt)
        self.last = pv
        return self.rate
