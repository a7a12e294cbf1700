"""Velocity form: the command is the memory and takes increments; P alone is kept apart."""

# %% a04-pid-pi
class PI:
    def __init__(self, Kp, Ti=math.inf):
        self.Kp, self.Ti = Kp, Ti
        self.u, self.e = 0.0, 0.0

    def step(self, sp, pv, dt):
        e = sp - pv
        self.u += self.Kp * (e - self.e) + self.Kp / self.Ti * e * dt
        self.e = e
        return self.u


# %% a04-pid-limited
class LimitedPI:
    def __init__(self, Kp, Ti=math.inf, u_min=0.0, u_max=100.0):
        self.Kp, self.Ti, self.u_min, self.u_max = Kp, Ti, u_min, u_max
        self.u, self.e = 0.0, 0.0

    def step(self, sp, pv, dt):
        e = sp - pv
        if self.Ti == math.inf:
            return max(self.u_min, min(self.u_max, self.Kp * e))
        self.u += self.Kp * (e - self.e) + self.Kp / self.Ti * e * dt
        self.u = max(self.u_min, min(self.u_max, self.u))
        self.e = e
        return self.u


# %% a04-pid-filtered
class FilteredDerivative:
    """Filters the slope of each interval, taken as constant over it."""

    def __init__(self, Tf):
        self.Tf = Tf
        self.last = None
        self.rate = 0.0

    def step(self, pv, dt):
        if self.last is None:
            self.last = pv
            return 0.0
        slope, self.last = (pv - self.last) / dt, pv
        keep = math.exp(-dt / self.Tf)
        self.rate = keep * self.rate + (1 - keep) * slope
        return self.rate


# %% a04-pid-class
class PID:
    def __init__(self, Kp, Ti=math.inf, Td=0.0, N=8.0, u_min=0.0, u_max=100.0):
        self.Kp, self.Ti, self.Td, self.Tf = Kp, Ti, Td, Td / N
        self.u_min, self.u_max = u_min, u_max
        self.u, self.quick, self.bias = 0.0, 0.0, 0.0
        self.pv, self.rate = None, 0.0

    def _quick(self, sp, pv, dt):
        if self.Td > 0 and self.pv is not None:
            a = dt / (self.Tf + dt)
            self.rate += a * ((pv - self.pv) / dt - self.rate)
        self.pv = pv
        return self.Kp * (sp - pv) - self.Kp * self.Td * self.rate

    def _clip(self, u):
        return max(self.u_min, min(self.u_max, u))

    def step(self, sp, pv, dt):
        quick = self._quick(sp, pv, dt)
        if self.Ti == math.inf:
            self.u = self._clip(self.bias + quick)
        else:
            self.u = self._clip(self.u + quick - self.quick + self.Kp / self.Ti * (sp - pv) * dt)
        self.quick = quick
        return self.u

    def manual(self, u, sp, pv, dt):
        self.u = self._clip(u)
        self.quick = self._quick(sp, pv, dt)
        self.bias = self.u - self.quick
        return self.u


# %% a04-pid-tune
def setting():
    # Short integral time, as a controller in velocity form arrives at the set point early.
    return dict(Kp=12.0, Ti=60.0, Td=0.0, N=8.0)
