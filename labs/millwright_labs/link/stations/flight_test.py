"""An airliner on a flight test: the pitch axis with test input, attitude law and envelope guard.

The aircraft is `plants.aircraft_pitch` made richer. Its elevator has a servo with a lag and a rate
limit, its vane is slow, sees the gusts and stands ahead of the centre of gravity; static stability
weakens with incidence, fuel moves the trim, and computers need time. Each seed is another loading:
other stability, damping and elevator power. None of these numbers can be read: they have to be
identified. Angles are deviations from trim, in degrees as flight-test teams give them.

The flight computer adds the test input to the attitude law. A guard takes both away when the
aircraft leaves its envelope, and brings it back to level.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from millwright_labs.link.station import Made
from millwright_labs.link.stations.panel import PanelStation
from millwright_labs.plants.aircraft_pitch import (
    CTMS,
    DAMPING_LOSS,
    ELEVATOR_LOSS,
    STABILITY_LOSS,
)
from millwright_labs.plants.aircraft_pitch import MODEL as TEXTBOOK
from millwright_labs.plants.plant import POSITIVE, Parameters, Plant, Signal, parameter
from millwright_labs.plants.sensors import Sensor

OURS = "ours: representative"
DRYDEN = "MIL-F-8785C, Dryden form, vertical, high altitude"

#: Sample time of flight computer and recording (s).
DT = 0.02

#: The guard's envelope: incidence and pitch angle from trim (°). Elevator travel (°).
ALPHA_LIMIT, THETA_LIMIT, TRAVEL = 8.0, 12.0, 15.0

#: Scale length of the turbulence over airspeed (s): 533 m at 230 m/s.
GUST_TIME = 533.0 / 230.0

#: Standard deviation of the gusts' incidence (°) in the calm and in the turbulent block.
CALM, TURBULENT = 0.01, 0.35

#: Most that the law's integrator adds (°).
INTEGRATOR = 6.0

#: The guard's own gains: ° of elevator for 1° and for 1 °/s, and its share of the travel (°).
LEVEL_THETA, LEVEL_RATE, LEVEL_MOST = 1.2, 1.6, 8.0

#: Tell the random numbers of loading and gusts from those of the sensors.
LOADING, GUSTS = 5301, 5302


@dataclass(frozen=True)
class Loading(Parameters):
    """Numbers of one flight; the defaults are the textbook aircraft's, in the middle."""

    Z_alpha: float = parameter(-0.313, "1/s", CTMS, "lift by incidence", maximum=0.0)
    Z_delta: float = parameter(0.232, "1/s", CTMS, "lift by elevator")
    M_alpha: float = parameter(-0.788, "1/s²", CTMS, "pitching moment by incidence")
    M_q: float = parameter(-0.426, "1/s", CTMS, "pitching moment by pitch rate", maximum=0.0)
    M_delta: float = parameter(1.151, "1/s²", CTMS, "pitching moment by elevator")
    weakening: float = parameter(
        22.0, "°", OURS, "incidence at which no static stability is left", minimum=POSITIVE
    )
    servo_lag: float = parameter(0.10, "s", OURS, "time constant of the elevator", minimum=1e-3)
    servo_rate: float = parameter(20.0, "°/s", OURS, "rate limit of it", minimum=POSITIVE)
    vane_lag: float = parameter(0.15, "s", OURS, "time constant of the vane", minimum=1e-3)
    vane_arm: float = parameter(0.04, "s", OURS, "way from centre to vane over airspeed")
    fuel: float = parameter(0.0, "°/s³", OURS, "moment that moving fuel adds each second")


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    alpha, q, _, delta, vane = x
    air = alpha + u[1]
    M_alpha = p.M_alpha * (1.0 - STABILITY_LOSS * f.aft_load)
    M_alpha *= 1.0 - (air / p.weakening) ** 2
    M_q = p.M_q * (1.0 - DAMPING_LOSS * f.tail_ice)
    works = delta * (1.0 - ELEVATOR_LOSS * f.elevator_wear)
    speed = (u[0] - delta) / p.servo_lag
    return (
        p.Z_alpha * air + q + p.Z_delta * works,
        M_alpha * air + M_q * q + p.M_delta * works + u[2],
        q,
        min(max(speed, -p.servo_rate), p.servo_rate),
        (air - p.vane_arm * q - vane) / p.vane_lag,
    )


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[2], x[1], x[4], x[3])


def _rest(p: Loading) -> tuple[Sequence[float], Sequence[float]]:
    return [0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    # The servo is the quickest part; at half its time constant RK4 errs by less than 0.05 %.
    return 0.5 * min(p.servo_lag, p.vane_lag)


MODEL = replace(
    TEXTBOOK,
    id="flight_test",
    title="Airliner on a flight test, pitch axis",
    inputs=(
        Signal("command", "°", "elevator servo's set point", -TRAVEL, TRAVEL),
        Signal("gust", "°", "incidence by vertical wind", -6.0, 6.0),
        Signal("moment", "°/s²", "pitching moment by moved fuel", -5.0, 5.0),
    ),
    states=(
        Signal("alpha", "°", "incidence from trim"),
        Signal("q", "°/s", "pitch rate"),
        Signal("theta", "°", "pitch angle from trim"),
        Signal("delta", "°", "elevator from trim"),
        Signal("vane", "°", "angle of the vane"),
    ),
    outputs=(
        Signal("theta", "°", "pitch angle from trim", -THETA_LIMIT, THETA_LIMIT),
        Signal("q", "°/s", "pitch rate", -10.0, 10.0),
        Signal("alpha", "°", "incidence from trim, by the vane", -ALPHA_LIMIT, ALPHA_LIMIT),
        Signal("delta", "°", "elevator from trim, measured; nose up", -TRAVEL, TRAVEL),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    sensors={
        "theta": Sensor(noise=0.01, step=0.005, bias=1.0, drift=1.0, source=OURS),
        "q": Sensor(noise=0.02, step=0.005, bias=0.3, drift=0.3, source=OURS),
        "alpha": Sensor(noise=0.05, step=0.02, bias=1.0, drift=1.0, source=OURS),
        "delta": Sensor(noise=0.02, step=0.01, bias=0.5, drift=0.5, source=OURS),
    },
    sources=(CTMS, DRYDEN, "servo, vane, sensors, fuel, limits and spread are ours"),
)

PANEL = (
    (Signal("test_input", "°", "elevator added by the test card; nose up", -8.0, 8.0), 0.0),
    (Signal("turbulent", "1", "1 flies into the turbulent block of air", 0.0, 1.0), 0.0),
    (Signal("law", "1", "1 switches the attitude law on", 0.0, 1.0), 0.0),
    (Signal("theta_ref", "°", "set point of the attitude law", -5.0, 5.0), 0.0),
    (Signal("K_theta", "1", "its gain on the pitch angle", 0.0, 5.0), 0.0),
    (Signal("K_q", "s", "its gain on the pitch rate", 0.0, 5.0), 0.0),
    (Signal("K_i", "1/s", "its integral gain", 0.0, 3.0), 0.0),
)

ON_BOARD = (
    Signal("command", "°", "elevator servo's set point", -TRAVEL, TRAVEL),
    Signal("aborted", "1", "1: the guard flies", 0.0, 0.0),
)


class Turbulence:
    """Vertical gusts in the Dryden form, white noise through two lags and a lead.

    Parameters
    ----------
    seed : int
    time : float
        Scale length over airspeed (s).
    dt : float
        Sample time (s).
    """

    def __init__(self, seed: int, time: float, dt: float):
        self._random = random.Random(f"{GUSTS}-{seed}")
        self._keep = math.exp(-dt / time)
        self._first = self._second = 0.0
        # White noise whose sum below has a standard deviation of 1; the first lag alone has √½.
        self._drive = math.sqrt(0.5 * (1.0 - self._keep**2))
        self._lead = math.sqrt(3.0)

    def next(self) -> float:
        """Give the next sample; its standard deviation is 1."""
        noise = self._random.gauss(0.0, 1.0)
        self._first = self._keep * self._first + self._drive * noise
        self._second += (1.0 - self._keep) * (self._first - self._second)
        # (1 + √3 T s)/(1 + T s)²: √3 of the first lag, less (√3 − 1) of the second.
        return self._lead * self._first - (self._lead - 1.0) * self._second


def loaded(seed: int) -> tuple[Loading, int]:
    """Give the loading of a seed, and its computers' delay in samples."""
    rng = np.random.default_rng([LOADING, seed])

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    loading = Loading(
        Z_alpha=between(-0.38, -0.26),
        Z_delta=between(0.16, 0.26),
        M_alpha=between(-1.05, -0.55),
        M_q=between(-0.52, -0.34),
        M_delta=between(0.90, 1.40),
        servo_lag=between(0.08, 0.12),
        vane_arm=between(0.03, 0.05),
        fuel=between(0.008, 0.014) * float(rng.choice([-1.0, 1.0])),
    )
    return loading, int(rng.integers(2, 5))


class FlightTest(PanelStation):
    """One aircraft, loaded by seed; see the module."""

    def __init__(self, made: Made):
        self.loading, delay = loaded(made.seed)
        super().__init__(made, Plant(MODEL, self.loading), DT, PANEL, ON_BOARD)
        self._air = Turbulence(made.seed, GUST_TIME, DT)
        self._gusts = CALM
        self._late = deque([0.0] * delay)
        self._integral = self._command = 0.0
        self._aborted = False

    def on_board(self) -> dict[str, float]:
        """Give command and guard."""
        return {"command": self._command, "aborted": float(self._aborted)}

    def control(self) -> None:
        """Let guard and attitude law act on the last measurement."""
        panel, now = self.panel, self.measured()
        self._guard(now)
        if self._aborted:
            level = -LEVEL_THETA * now["theta"] - LEVEL_RATE * now["q"]
            wanted = min(max(level, -LEVEL_MOST), LEVEL_MOST)
            self._integral = 0.0
        else:
            wanted = panel["test_input"] + self._law(now)
        self._command = min(max(wanted, -TRAVEL), TRAVEL)
        self._late.append(self._command)
        # One flies into a block of air within seconds.
        block = TURBULENT if panel["turbulent"] >= 0.5 else CALM
        self._gusts += (block - self._gusts) * DT / 2.0
        self.rig.set(
            command=self._late.popleft(),
            gust=self._gusts * self._air.next(),
            moment=self.loading.fuel * self._seq * DT,
        )

    def _guard(self, now: dict[str, float]) -> None:
        if abs(now["alpha"]) > ALPHA_LIMIT or abs(now["theta"]) > THETA_LIMIT:
            self._aborted = True
        elif self._aborted and self.panel["law"] < 0.5 and self.panel["test_input"] == 0.0:
            self._aborted = abs(now["theta"]) > 1.0 or abs(now["q"]) > 0.5

    def _law(self, now: dict[str, float]) -> float:
        """What the attitude law adds (°)."""
        panel = self.panel
        if panel["law"] < 0.5:
            self._integral = 0.0
            return 0.0
        error = panel["theta_ref"] - now["theta"]
        total = self._integral + panel["K_i"] * error * DT
        self._integral = min(max(total, -INTEGRATOR), INTEGRATOR)
        return panel["K_theta"] * error - panel["K_q"] * now["q"] + self._integral
