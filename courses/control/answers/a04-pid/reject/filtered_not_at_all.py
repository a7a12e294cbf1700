"""The bare difference: one sensor step shakes the heater.

fails: a04-pid-slope, a04-pid-ringing, a04-pid-parts
"""

# %% a04-pid-filtered
class FilteredDerivative:
    def __init__(self, Tf):
        self.Tf, self.rate, self.last = Tf, 0.0, None

    def step(self, pv, dt):
        self.rate = 0.0 if self.last is None else (pv - self.last) / dt
        self.last = pv
        return self.rate
