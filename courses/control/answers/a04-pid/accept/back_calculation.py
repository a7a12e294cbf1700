"""Back-calculation with tracking time Ti / 4, an exponential filter, a setting with less gain."""

# %% a04-pid-pi
class PI:
    def __init__(self, Kp, Ti=math.inf):
        self.Kp, self.Ti = Kp, Ti
        self.area = 0.0  # °C·s

    def step(self, sp, pv, dt):
        e = float(sp) - float(pv)
        self.area = self.area + e * dt
        return self.Kp * (e + self.area / self.Ti)


# %% a04-pid-limited
class LimitedPI:
    def __init__(self, Kp, Ti=math.inf, u_min=0.0, u_max=100.0):
        self.Kp, self.Ti, self.low, self.high = Kp, Ti, u_min, u_max
        self.I = 0.0

    def step(self, sp, pv, dt):
        e = sp - pv
        if math.isinf(self.Ti):
            return float(np.clip(self.Kp * e, self.low, self.high))
        self.I += self.Kp * e * dt / self.Ti
        v = self.Kp * e + self.I
        u = float(np.clip(v, self.low, self.high))
        self.I += (u - v) * dt / (self.Ti / 4)
        return u


# %% a04-pid-filtered
class FilteredDerivative:
    """The filtered value follows pv exactly for a pv held over dt; the distance is the rate."""

    def __init__(self, Tf):
        self.Tf, self.slow = Tf, None

    def step(self, pv, dt):
        if self.slow is None:
            self.slow = pv
        self.slow = pv + (self.slow - pv) * math.exp(-dt / self.Tf)
        return (pv - self.slow) / self.Tf


# %% a04-pid-class
class PID:
    def __init__(self, Kp, Ti=math.inf, Td=0.0, N=8.0, u_min=0.0, u_max=100.0):
        self.Kp, self.Ti, self.Td, self.low, self.high = Kp, Ti, Td, u_min, u_max
        self.I = 0.0
        self.D = FilteredDerivative(Td / N) if Td else None

    def fast(self, sp, pv, dt):
        rate = self.D.step(pv, dt) if self.D else 0.0
        return self.Kp * (sp - pv - self.Td * rate)

    def step(self, sp, pv, dt):
        fast = self.fast(sp, pv, dt)
        if math.isfinite(self.Ti):
            self.I += self.Kp * (sp - pv) * dt / self.Ti
        v = fast + self.I
        u = float(np.clip(v, self.low, self.high))
        if math.isfinite(self.Ti):
            self.I += (u - v) * dt / (self.Ti / 4)
        return u

    def manual(self, u, sp, pv, dt):
        u = float(np.clip(u, self.low, self.high))
        self.I = u - self.fast(sp, pv, dt)
        return u


# %% a04-pid-tune
def setting():
    return {"Kp": 9.0, "Ti": 65.0}
