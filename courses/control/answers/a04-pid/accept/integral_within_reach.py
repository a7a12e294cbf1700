"""The integral may go to where the command meets a limit, never beyond; a small derivative."""

# %% a04-pid-pi
class PI:
    def __init__(self, Kp, Ti=math.inf):
        self.Kp = Kp
        self.Ki = 0.0 if Ti == math.inf else Kp / Ti
        self.history = []

    def step(self, sp, pv, dt):
        self.history.append((sp - pv) * dt)
        return self.Kp * (sp - pv) + self.Ki * math.fsum(self.history)


# %% a04-pid-limited
class LimitedPI:
    def __init__(self, Kp, Ti=math.inf, u_min=0.0, u_max=100.0):
        self.Kp, self.Ti = Kp, Ti
        self.u_min, self.u_max = u_min, u_max
        self.integral = 0.0

    def step(self, sp, pv, dt):
        proportional = self.Kp * (sp - pv)
        wanted = self.integral + self.Kp / self.Ti * (sp - pv) * dt
        highest = max(self.integral, self.u_max - proportional)
        lowest = min(self.integral, self.u_min - proportional)
        self.integral = min(max(wanted, lowest), highest)
        return min(max(proportional + self.integral, self.u_min), self.u_max)


# %% a04-pid-filtered
class FilteredDerivative:
    """A filtered pv by backward Euler; its difference is the rate."""

    def __init__(self, Tf):
        self.Tf = Tf
        self.smooth = None

    def step(self, pv, dt):
        before = pv if self.smooth is None else self.smooth
        self.smooth = (self.Tf * before + dt * pv) / (self.Tf + dt)
        return (self.smooth - before) / dt


# %% a04-pid-class
class PID(LimitedPI):
    def __init__(self, Kp, Ti=math.inf, Td=0.0, N=8.0, u_min=0.0, u_max=100.0):
        super().__init__(Kp, Ti, u_min, u_max)
        self.Td = Td
        self.filter = FilteredDerivative(Td / N) if Td > 0 else None

    def _quick(self, sp, pv, dt):
        rate = 0.0 if self.filter is None else self.filter.step(pv, dt)
        return self.Kp * (sp - pv) - self.Kp * self.Td * rate

    def step(self, sp, pv, dt):
        quick = self._quick(sp, pv, dt)
        wanted = self.integral + self.Kp / self.Ti * (sp - pv) * dt
        highest = max(self.integral, self.u_max - quick)
        lowest = min(self.integral, self.u_min - quick)
        self.integral = min(max(wanted, lowest), highest)
        return min(max(quick + self.integral, self.u_min), self.u_max)

    def manual(self, u, sp, pv, dt):
        u = min(max(u, self.u_min), self.u_max)
        self.integral = u - self._quick(sp, pv, dt)
        return u


# %% a04-pid-tune
def setting():
    return {"Kp": 8.0, "Ti": 60.0, "Td": 2.0, "N": 1.0}
