"""A rolling stand with its gauge control on board: gaugemeter, monitor, roll compensator.

The stand is `plants.mill_agc` made richer. Its spring is soft until the bearings have settled,
two backup rolls of different size are out of round, and the strip brings skid marks, a wandering
entry thickness and a weld. Each seed is another stand with another strip. None of these numbers
can be read: they have to be measured.

The controller adds up the gap set point, the gaugemeter's share, the monitor's trim and the
compensation of the upper backup roll. A guard opens the rolls at too much force and when the
strip breaks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from millwright_labs.link.station import Made
from millwright_labs.link.stations.panel import PanelStation
from millwright_labs.plants.mill_agc import MODEL as TEXTBOOK
from millwright_labs.plants.mill_agc import OURS
from millwright_labs.plants.plant import POSITIVE, Fault, Parameters, Plant, Signal, parameter
from millwright_labs.plants.sensors import Sensor

#: Sample time of controller and recording (s).
DT = 0.01

#: The guard opens the rolls above this force (MN), or below `SLACK` (MN) with strip in the stand.
FORCE_LIMIT, SLACK = 20.0, 0.3

#: The gap with the rolls open (mm); asking for it without strip resets the guard.
OPEN = 8.0

#: What the main drive can do (m/s²).
ACCELERATION = 2.0

#: Limit of the monitor's trim (mm), and averaging time of the force that is locked on (s).
TRIM, LOCK = 0.5, 1.0

#: The gap servo's lag on its data sheet (s), for which the compensator allows.
SHEET_LAG = 0.02

#: Tells the random numbers of the stand from those of its sensors.
STAND = 5101


@dataclass(frozen=True)
class Stand(Parameters):
    """Numbers of one stand; the defaults are in the middle of what is delivered."""

    M: float = parameter(4.9, "MN/mm", OURS, "modulus at full force", minimum=POSITIVE)
    settling: float = parameter(0.36, "mm", OURS, "play that closes under force", minimum=0.0)
    settling_force: float = parameter(2.0, "MN", OURS, "where it closes", minimum=POSITIVE)
    Q: float = parameter(10.0, "MN/mm", OURS, "stiffness of the strip", minimum=POSITIVE)
    servo_lag: float = parameter(0.02, "s", OURS, "time constant of the gap servo", minimum=1e-3)
    gauge_distance: float = parameter(2.0, "m", OURS, "from stand to gauge", minimum=1e-3)
    R_top: float = parameter(0.70, "m", OURS, "radius, upper backup roll", minimum=POSITIVE)
    R_bottom: float = parameter(0.665, "m", OURS, "radius, lower backup roll", minimum=POSITIVE)
    e_top: float = parameter(0.034, "mm", OURS, "out of round, upper roll", minimum=0.0)
    e_bottom: float = parameter(0.010, "mm", OURS, "out of round, lower roll", minimum=0.0)
    phase_top: float = parameter(0.0, "rad", OURS, "of the upper roll at angle 0")
    phase_bottom: float = parameter(0.0, "rad", OURS, "of the lower roll at angle 0")


def rolling(gap: float, H: float, hardness: float, strip: float, p: Any) -> tuple[float, float]:
    """Force (MN) and exit thickness (mm) at an unloaded gap (mm).

    Without strip the rolls press on each other, and the thickness is 0.
    """
    draft = H * strip - gap
    if draft <= 0.0:
        return 0.0, H * strip
    give = 1.0 / p.M + strip / (p.Q * hardness)
    # Newton's method on a concave function, from below: it cannot step too far.
    F = max((draft - p.settling) / give, 0.0)
    for _ in range(5):
        open_still = p.settling * math.exp(-F / p.settling_force)
        miss = draft - give * F - p.settling + open_still
        F += miss / (give + open_still / p.settling_force)
    return F, (H - F / (p.Q * hardness)) * strip


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    lag = p.servo_lag * (1.0 + 4.0 * f.servo_wear)
    return ((u[0] - x[0]) / lag, u[1] / p.R_top, u[1] / p.R_bottom)


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    S, top, bottom = x
    e = p.e_top * math.sin(top + p.phase_top) + p.e_bottom * math.sin(bottom + p.phase_bottom)
    strip = 0.0 if f.strip_break >= 0.5 else u[4]
    F, h = rolling(S + e, u[2], u[3], strip, p)
    return (S, F, h, math.fmod(top, math.tau), h)


def _rest(p: Stand) -> tuple[Sequence[float], Sequence[float]]:
    return [OPEN, 0.0, 0.0], [OPEN, 1.0, 4.0, 1.0, 0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    # At rest between two commands the servo is a plain lag: a Runge-Kutta step of half its time
    # constant errs by less than 0.05 % of the way.
    return 0.5 * p.servo_lag


MODEL = replace(
    TEXTBOOK,
    id="rolling_mill",
    title="Rolling stand with gauge control on board",
    inputs=(
        Signal("S_ref", "mm", "set point of the gap servo", -7.0, 10.0),
        Signal("v", "m/s", "strip speed", 0.0, 15.0),
        Signal("H", "mm", "entry thickness", 0.5, 10.0),
        Signal("hardness", "1", "strip's hardness over nominal", 0.5, 2.0),
        Signal("strip", "1", "strip in the stand", 0.0, 1.0),
    ),
    states=(
        Signal("S", "mm", "roll gap without load"),
        Signal("top", "rad", "angle of the upper backup roll"),
        Signal("bottom", "rad", "angle of the lower backup roll"),
    ),
    outputs=(
        Signal("S", "mm", "roll gap without load; 0 where the rolls touch", -6.0, 10.0),
        Signal("F", "MN", "rolling force", 0.0, FORCE_LIMIT),
        Signal("h_gauge", "mm", "exit thickness at the X-ray gauge; 0 without strip", 0.0, 10.0),
        Signal("angle", "rad", "angle of the upper backup roll", 0.0, math.tau),
        Signal("h", "mm", "exit thickness in the roll gap", 0.0, 10.0),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    running_states=("top", "bottom"),
    faults=(
        Fault("strip_break", "the strip is gone (from severity 0.5)"),
        Fault("servo_wear", "gap servo five times as slow (leaking valve)"),
    ),
    sensors={
        **TEXTBOOK.sensors,
        "angle": Sensor(step=math.tau / 4096, source=OURS, bias=0.1, drift=0.1),
    },
)

PANEL = (
    (Signal("S_ref", "mm", "gap set point; negative presses the rolls together", -6.0, 10.0), OPEN),
    (Signal("v", "m/s", "strip speed", 0.5, 12.0), 1.0),
    (Signal("strip", "1", "1 leads strip into the stand, 0 lets it run out", 0.0, 1.0), 0.0),
    (Signal("agc", "1", "1 locks on and controls the thickness", 0.0, 1.0), 0.0),
    (Signal("h_ref", "mm", "thickness set point of the monitor", 1.0, 6.0), 3.2),
    (Signal("C", "1", "gain of the gaugemeter", 0.0, 1.0), 0.0),
    (Signal("M_hat", "MN/mm", "the gaugemeter's modulus", 1.0, 10.0), 10.0),
    (Signal("K_i", "1/s", "integral gain of the monitor", 0.0, 10.0), 0.0),
    (Signal("e_amp", "mm", "amplitude of the upper roll's compensation", 0.0, 0.1), 0.0),
    (Signal("e_phase", "rad", "its phase at angle 0", -math.pi, math.pi), 0.0),
)

ON_BOARD = (
    Signal("speed", "m/s", "strip speed as driven", 0.0, 12.0),
    Signal("tripped", "1", "1: the guard has opened the rolls", 0.0, 0.0),
)


@dataclass(frozen=True)
class Strip:
    """What one coil brings: hardness and entry thickness along its length (m)."""

    skid: float
    wavelength: float
    phase: float
    wander: float
    slow: float
    weld: float
    jump: float

    def at(self, place: float) -> tuple[float, float]:
        """Hardness (1) and entry thickness (mm) at a place."""
        a = math.tau * place / self.wavelength + self.phase
        hardness = 1.0 + self.skid * (math.sin(a) + 0.3 * math.sin(2.0 * a + 1.0))
        H = 4.0 + self.wander * math.sin(math.tau * place / self.slow)
        return hardness, H + (self.jump if place > self.weld else 0.0)


def delivered(seed: int) -> tuple[Stand, Strip]:
    """Give the stand and the coil of a seed."""
    rng = np.random.default_rng([STAND, seed])

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    stand = Stand(
        M=between(4.2, 5.6),
        settling=between(0.30, 0.42),
        settling_force=between(1.5, 2.5),
        Q=between(8.5, 11.5),
        servo_lag=between(0.017, 0.023),
        R_bottom=0.70 * (1.0 - between(0.035, 0.06)),
        e_top=between(0.028, 0.040),
        e_bottom=between(0.008, 0.012),
        phase_top=between(-math.pi, math.pi),
        phase_bottom=between(-math.pi, math.pi),
    )
    strip = Strip(
        skid=between(0.025, 0.035),
        wavelength=between(18.0, 26.0),
        phase=between(-math.pi, math.pi),
        wander=between(0.015, 0.025),
        slow=between(80.0, 140.0),
        weld=between(280.0, 340.0),
        jump=between(0.05, 0.08) * float(rng.choice([-1.0, 1.0])),
    )
    return stand, strip


class RollingMill(PanelStation):
    """One stand by seed; see the module."""

    def __init__(self, made: Made):
        stand, self.coil = delivered(made.seed)
        super().__init__(made, Plant(MODEL, stand), DT, PANEL, ON_BOARD)
        self._speed = self.panel["v"]
        self._place = 0.0  # m of strip since it was led in
        self._tripped = self._rolling = self._locked = False
        self._mean_force = self._locked_force = 0.0
        self._trim = 0.0

    def on_board(self) -> dict[str, float]:
        """Give speed and guard."""
        return {"speed": self._speed, "tripped": float(self._tripped)}

    def control(self) -> None:
        """Let guard, drive and gauge control act on the last measurement."""
        panel, now = self.panel, self.measured()
        strip = float(panel["strip"] >= 0.5)
        self._guard(now["F"], strip)
        step = ACCELERATION * DT
        self._speed += min(max(panel["v"] - self._speed, -step), step)
        self._place = (self._place + self._speed * DT) if strip else 0.0
        hardness, H = self.coil.at(self._place)
        S_ref = 10.0 if self._tripped else panel["S_ref"] + self._corrections(now)
        self.rig.set(S_ref=S_ref, v=self._speed, H=H, hardness=hardness, strip=strip)

    def _guard(self, F: float, strip: float) -> None:
        broken = self._rolling and strip and F < SLACK
        self._rolling = bool(strip) and (self._rolling or F > 1.0)
        if F > FORCE_LIMIT or broken:
            self._tripped = True
        elif self._tripped and self.panel["S_ref"] >= OPEN and not strip:
            self._tripped = False

    def _corrections(self, now: dict[str, float]) -> float:
        """What is added to the gap set point (mm)."""
        panel = self.panel
        lead = self._speed / 0.7 * (SHEET_LAG + DT / 2.0)
        total = -panel["e_amp"] * math.sin(now["angle"] + panel["e_phase"] + lead)
        self._mean_force += (now["F"] - self._mean_force) * DT / LOCK
        if panel["agc"] < 0.5:
            self._locked, self._trim = False, 0.0
            return total
        if not self._locked:
            self._locked, self._locked_force = True, self._mean_force
        if now["h_gauge"] > 0.5 * panel["h_ref"]:
            trim = self._trim - panel["K_i"] * (now["h_gauge"] - panel["h_ref"]) * DT
            self._trim = min(max(trim, -TRIM), TRIM)
        gaugemeter = panel["C"] * (now["F"] - self._locked_force) / panel["M_hat"]
        return total + self._trim - gaugemeter
