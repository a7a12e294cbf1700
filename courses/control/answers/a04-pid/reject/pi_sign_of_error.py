"""Takes the error the wrong way round: the zone cools when it is too cold.

fails: a04-pid-proportional, a04-pid-integral
"""

# %% a04-pid-pi
class PI:
    def __init__(self, Kp, Ti=math.inf):
        self.Kp, self.Ti, self.integral = Kp, Ti, 0.0

    def step(self, sp, pv, dt):
        error = pv - sp
        self.integral += self.Kp / self.Ti * error * dt
        return self.Kp * error + self.integral
