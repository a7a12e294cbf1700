"""A feed axis with its drive on board: speed and position loops, set-point generator, guard.

The axis is `plants.cnc_axis`, one of a kind by its seed: inertia, friction and screw differ from
machine to machine by a fifth. On top of the plant's Stribeck friction the real torque has what a
textbook model leaves out: an offset of the amplifier, cogging of the motor, and a nut that runs
tighter towards one end of the screw.

The drive samples every millisecond, as fast as it records. Its cascade is a proportional position
loop over a PI speed loop, with a limit on the command voltage. A command acts one sample after it
was calculated, through a current loop with a lag of its own: this is what limits the gains. The
guard switches the drive off
when the axis leaves its travel, runs too fast, or lags too far behind its set point; a command to
switch off acknowledges.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from millwright_labs import plants
from millwright_labs.link.station import Made
from millwright_labs.link.stations.panel import PanelStation
from millwright_labs.plants.cnc_axis import CncAxis
from millwright_labs.plants.plant import Signal

#: Sample time of drive and recording (s).
DT = 0.001

#: The guard switches off at these: |position| (mm), |speed| (rad/s), |following error| (mm).
TRAVEL, OVERSPEED, LAG = 200.0, 160.0, 8.0

#: Time constant of the current loop (s).
CURRENT_LAG = 0.001

OFF, SPEED, POSITION = 0.0, 1.0, 2.0

#: What the guard says.
SOUND, LEFT_TRAVEL, TOO_FAST, TOO_FAR_BEHIND = 0.0, 1.0, 2.0, 3.0

#: Poles of the motor times phases, as it cogs: so many times a turn.
COGS = 12.0

#: Tells the random numbers of the machine from those of its sensors.
MACHINE = 5102

_PANEL = (
    (Signal("mode", "1", "0 off, 1 speed loop, 2 position loop", 0.0, 2.0), OFF),
    (Signal("speed_set", "rad/s", "speed to reach, mode 1", -150.0, 150.0), 0.0),
    (Signal("ramp", "rad/s²", "how fast the speed set point moves", 1.0, 2000.0), 200.0),
    (Signal("target", "mm", "position to reach, mode 2", -180.0, 180.0), 0.0),
    (Signal("radius", "mm", "circle to trace around target, 0 for none", 0.0, 50.0), 0.0),
    (Signal("feed", "mm/s", "speed along the path", 0.1, 200.0), 20.0),
    (Signal("acceleration", "mm/s²", "of the path", 10.0, 3000.0), 500.0),
    (Signal("Kp", "1/s", "position gain", 0.0, 300.0), 10.0),
    (Signal("Kv", "V·s/rad", "speed gain", 0.0, 1.0), 0.05),
    (Signal("Tv", "s", "integral time of the speed loop", 0.005, 10.0), 0.2),
    (Signal("u_limit", "V", "limit of the command voltage", 0.0, 10.0), 3.0),
)

_ON_BOARD = (
    Signal("u", "V", "command voltage of the speed loop", -10.0, 10.0),
    Signal("set_point", "mm", "position set point on the path", -TRAVEL, TRAVEL),
    Signal("following_error", "mm", "set point less position, mode 2", -LAG, LAG),
    Signal("alarm", "1", "0 none, 1 travel, 2 speed, 3 following error", 0.0, 3.0),
)


def unit(seed: int) -> tuple[CncAxis, dict[str, float]]:
    """Give one machine: the axis' numbers, and what a textbook model leaves out.

    Returns
    -------
    CncAxis
    dict of str to float
        ``offset`` (V) and ``cogging`` (V) at the input, ``tight`` (V): friction added at one end.
    """
    rng = np.random.default_rng([MACHINE, seed])
    X = CncAxis()
    J, B, plus, minus = rng.uniform([0.8, 0.7, 0.8, 0.8], [1.25, 1.4, 1.2, 1.2])
    axis = replace(
        X,
        J=X.J * float(J),
        B=X.B * float(B),
        static_plus=X.static_plus * float(plus),
        coulomb_plus=X.coulomb_plus * float(plus),
        static_minus=X.static_minus * float(minus),
        coulomb_minus=X.coulomb_minus * float(minus),
    )
    offset, cogging, tight = rng.uniform([-0.06, 0.01, 0.02], [0.06, 0.03, 0.08])
    return axis, {"offset": float(offset), "cogging": float(cogging), "tight": float(tight)}


class CncAxisDrive(PanelStation):
    """A feed axis with its drive."""

    def __init__(self, made: Made):
        axis, self._torque = unit(made.seed)
        self._rg = axis.rg
        super().__init__(made, plants.cnc_axis(parameters=axis), DT, _PANEL, _ON_BOARD)
        self._alarm = SOUND
        self._current = 0.0
        self._let_go()

    def on_board(self) -> dict[str, float]:
        """Give what the drive calculates."""
        active = self.panel["mode"] >= POSITION and self._alarm == SOUND
        lag = self._path - self._held["position"] if active else 0.0
        return {
            "u": self._u,
            "set_point": self._path,
            "following_error": round(lag, 6),
            "alarm": self._alarm,
        }

    def _let_go(self) -> None:
        """Forget the set points: the next start begins where the axis is."""
        self._u = self._integral = 0.0
        self._running = OFF
        self._speed_set = self._path_speed = self._angle = 0.0
        self._path = self.measured()["position"]
        self._centre: float | None = None

    def control(self) -> None:
        """Run guard, set points and cascade once."""
        y, panel = self.measured(), self.panel
        mode = math.floor(panel["mode"] + 0.5)
        self._guard(y, mode)
        if self._alarm != SOUND or mode == OFF:
            self._let_go()
            self._act(0.0)
            return
        if mode != self._running:
            self._let_go()
            self._running, self._speed_set = mode, y["speed"]
        if mode == SPEED:
            step = panel["ramp"] * DT
            self._speed_set += min(max(panel["speed_set"] - self._speed_set, -step), step)
            wanted = self._speed_set
        else:
            self._move_along()
            wanted = panel["Kp"] * (self._path - y["position"]) / self._rg
        waiting = self._u
        self._speed_loop(wanted - y["speed"])
        self._act(waiting)

    def _act(self, u: float) -> None:
        """Let a command act on the axis through the current loop."""
        self._current += (u - self._current) * -math.expm1(-DT / CURRENT_LAG)
        self.rig.set(u=self._current + self._disturbance())

    def _guard(self, y: dict[str, float], mode: int) -> None:
        if mode == OFF:
            self._alarm = SOUND
        elif self._alarm == SOUND:
            if abs(y["position"]) > TRAVEL:
                self._alarm = LEFT_TRAVEL
            elif abs(y["speed"]) > OVERSPEED:
                self._alarm = TOO_FAST
            elif mode == POSITION == self._running and abs(self._path - y["position"]) > LAG:
                self._alarm = TOO_FAR_BEHIND

    def _speed_loop(self, error: float) -> None:
        Kv, limit = self.panel["Kv"], self.panel["u_limit"]
        step = Kv / self.panel["Tv"] * error * DT
        u = Kv * error + self._integral + step
        # Conditional integration: no further into the limit.
        if abs(u) <= limit or u * step < 0.0:
            self._integral += step
        self._u = min(max(Kv * error + self._integral, -limit), limit)

    def _move_along(self) -> None:
        """Move the position set point: straight to the target, or round a circle beside it."""
        panel = self.panel
        radius, feed, acceleration = panel["radius"], panel["feed"], panel["acceleration"]
        if radius > 0.0:
            # The axis' share of a circle that begins where the set point stands, at speed 0.
            if self._centre is None:
                self._centre, self._angle, self._path_speed = self._path + radius, 0.0, 0.0
            # Along the path the feed rises as on a line, so that the circle begins gently.
            self._path_speed = min(self._path_speed + acceleration * DT, feed)
            self._angle += self._path_speed / radius * DT
            self._path = self._centre - radius * math.cos(self._angle)
            return
        if self._centre is not None:
            self._centre, self._path_speed = None, 0.0
        left = panel["target"] - self._path
        side = math.copysign(1.0, left)
        # As fast as still allows to stop at the target, and no faster than the feed.
        step = acceleration * DT
        allowed = math.sqrt(step * step / 4.0 + 2.0 * acceleration * abs(left)) - step / 2.0
        speed = side * min(feed, allowed)
        self._path_speed += min(max(speed - self._path_speed, -step), step)
        if abs(left) <= abs(self._path_speed) * DT or abs(left) < 1e-9:
            self._path, self._path_speed = panel["target"], 0.0
        else:
            self._path += self._path_speed * DT

    def _disturbance(self) -> float:
        """Give what adds to the command (V) on the way to torque, friction apart."""
        position, speed = self.rig.x[0], self.rig.x[1]
        extra = self._torque
        turn = math.tanh(speed / 0.2)
        tight = extra["tight"] * turn * 0.5 * (1.0 + position / TRAVEL)
        powered = 1.0 if self._running != OFF else 0.0
        return (
            powered * extra["offset"]
            + extra["cogging"] * math.sin(COGS * position / self._rg)
            - tight
        )
