"""A filter with a fixed share for each call, blind to dt.

fails: a04-pid-slope, a04-pid-ringing, a04-pid-parts, a04-pid-bumpless
"""

# %% a04-pid-filtered
class FilteredDerivative:
    def __init__(self, Tf):
        self.Tf, self.rate, self.last = Tf, 0.0, None

    def step(self, pv, dt):
        if self.last is not None:
            self.rate = 0.9 * self.rate + 0.1 * (pv - self.last) / dt
        self.last = pv
        return self.rate
