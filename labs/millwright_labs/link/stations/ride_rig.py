"""A quarter car on a shaker with a magneto-rheological (MR) damper and its controller on board.

Body, springs and tyre have the numbers of `plants.quarter_car`, spread by the seed. In place of
its linear damper stands one whose force is set by a current. It is richer than the model that a
learner fits: the force lags the speed (oil is compressible: hysteresis), grows ever less with the
current, is smaller in compression than in rebound, and fades as the oil warms up. Gas pushes the
rod out. There are bump stops, and the tyre can leave the shaker.

The shaker gives a sine or a road of ISO 8608 class C, which begins anew each time it is switched
on. The controller holds a current, or follows the skyhook rule: the force that a damper between
body and sky would give, where the damper can give it at all. It estimates the speeds from the
sensors. A guard stops the shaker and lets go of the current; a shaker at rest acknowledges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from millwright_labs.link.station import Made
from millwright_labs.link.stations.panel import OwnStation
from millwright_labs.plants.plant import Signal
from millwright_labs.plants.quarter_car import QuarterCar, road_profile

#: Sample time of controller and recording, and of the machine itself (s).
DT, STEP = 0.005, 0.001

#: What the guard allows: |travel| (m), oil temperature (°C).
TRAVEL_LIMIT, OIL_LIMIT = 0.08, 90.0

REST, SINE, ROAD = 0, 1, 2
FIXED, SKYHOOK = 0, 1
SOUND, TRAVEL, OIL, LIFT_OFF = 0.0, 1.0, 2.0, 3.0

#: The shaker comes and goes over this time (s).
RAMP = 0.5

#: A road is drawn in pieces of this length (m), to 1 cm.
PIECE, GRID = 4096, 0.01

#: Bump stops: where they begin (m), their stiffness (N/m).
STOP, STOP_STIFFNESS = 0.065, 4e5

#: Time constants (s) of the coil, of the speed estimates' filters: fast, and leak to rest.
COIL, FAST, LEAK = 0.012, 0.004, 1.5

#: Share of the way that coil and filter go in one step.
FOLLOW_COIL, FOLLOW_FAST = -math.expm1(-STEP / COIL), -math.expm1(-DT / FAST)

ROOM = 22.0
GRAVITY = 9.81

#: Tells the random numbers of machine and road from those of the sensors.
MACHINE = 5301

FAULTS = {
    "gas_lost": "the damper's gas pressure is gone: a third of the force is missing",
    "tyre_leak": "stiffness of the tyre 40 % lower",
}

_PANEL = (
    (Signal("shaker", "1", "0 rest, 1 sine, 2 road", 0.0, 2.0), 0.0),
    (Signal("frequency", "Hz", "of the sine", 0.2, 20.0), 1.0),
    (Signal("amplitude", "m", "of the sine", 0.0, 0.05), 0.0),
    (Signal("speed", "m/s", "of the car along the road", 1.0, 40.0), 20.0),
    (Signal("rule", "1", "0 fixed current, 1 skyhook", 0.0, 1.0), 0.0),
    (Signal("current", "A", "fixed current, rule 0", 0.0, 2.0), 0.0),
    (Signal("I_low", "A", "lowest current of the rule", 0.0, 2.0), 0.0),
    (Signal("I_high", "A", "highest current of the rule", 0.0, 2.0), 1.0),
    (Signal("c_sky", "N·s/m", "skyhook gain", 0.0, 10000.0), 0.0),
    (Signal("c_hat", "N·s/m", "damper as the rule knows it: viscous part", 0.0, 3000.0), 1000.0),
    (Signal("f0_hat", "N", "friction without current", 0.0, 500.0), 100.0),
    (Signal("f1_hat", "N/A", "friction by current", 100.0, 3000.0), 1000.0),
    (Signal("v0_hat", "m/s", "speed where friction is up", 0.005, 0.2), 0.03),
)

_OUTPUTS = (
    Signal("travel", "m", "travel of the suspension, apart", -TRAVEL_LIMIT, TRAVEL_LIMIT),
    Signal("a_body", "m/s²", "acceleration of the body, up", -50.0, 50.0),
    Signal("F_damper", "N", "load cell at the damper, resists moving apart", -4000.0, 4000.0),
    Signal("tyre", "m", "deflection of the tyre, apart", -0.05, 0.025),
    Signal("I", "A", "current in the coil", 0.0, 2.0),
    Signal("T_oil", "°C", "temperature of the oil", 0.0, OIL_LIMIT),
    Signal("alarm", "1", "0 none, 1 travel, 2 oil too hot, 3 tyre off the shaker", 0.0, 3.0),
)

#: Noise and resolution of the sensors.
_SENSORS = {
    "travel": (0.00005, 0.00001),
    "a_body": (0.04, 0.01),
    "F_damper": (6.0, 1.0),
    "tyre": (0.00005, 0.00001),
}


@dataclass(frozen=True)
class Damper:
    """Numbers of one MR damper at 22 °C.

    `c` (N·s/m), friction `f_off` (N) without and `f_sat` (N) more with much current (the current
    `I_sat` (A) gives 63 % of it), `v0` (m/s), lag `tau` (s), `gas` (N/m), `compression`: share of
    the force in compression, `heat` (J/K), fading per kelvin of the viscous part.
    """

    c: float = 700.0
    f_off: float = 60.0
    f_sat: float = 1600.0
    I_sat: float = 1.6
    v0: float = 0.030
    tau: float = 0.005
    gas: float = 900.0
    compression: float = 0.88
    heat: float = 200.0
    fade: float = 0.006


def unit(seed: int) -> tuple[QuarterCar, Damper]:
    """Give one rig: the car's numbers and the damper's."""
    draw = np.random.default_rng([MACHINE, seed]).uniform
    car, damper = QuarterCar(), Damper()
    ms, mu, k, kt = draw([0.9, 0.92, 0.93, 0.92], [1.1, 1.08, 1.07, 1.08])
    c, off, sat, knee, v0, tau, compression = draw(
        [0.85, 0.7, 0.85, 0.9, 0.8, 0.7, 0.84], [1.15, 1.4, 1.15, 1.1, 1.25, 1.3, 0.94]
    )
    return (
        QuarterCar(
            ms=car.ms * float(ms),
            mu=car.mu * float(mu),
            k=car.k * float(k),
            kt=car.kt * float(kt),
        ),
        Damper(
            c=damper.c * float(c),
            f_off=damper.f_off * float(off),
            f_sat=damper.f_sat * float(sat),
            I_sat=damper.I_sat * float(knee),
            v0=damper.v0 * float(v0),
            tau=damper.tau * float(tau),
            compression=float(compression),
        ),
    )


def friction(d: Damper, current: float, T_oil: float = ROOM) -> float:
    """Give the damper's friction (N) in rebound at a current (A) and a temperature (°C)."""
    cold = 1.0 - 0.3 * d.fade * (T_oil - ROOM)
    return cold * (d.f_off + d.f_sat * -math.expm1(-current / d.I_sat))


def skyhook(v_body: float, v_rel: float, panel: dict[str, float]) -> float:
    """Give the current (A) of the rule from the speeds (m/s) of body and of the travel."""
    low, high = panel["I_low"], max(panel["I_low"], panel["I_high"])
    if v_body * v_rel <= 0.0:
        return low
    wanted = panel["c_sky"] * abs(v_body)
    rate = abs(v_rel)
    share = math.tanh(rate / panel["v0_hat"])
    given = panel["c_hat"] * rate + panel["f0_hat"] * share
    current = (wanted - given) / max(panel["f1_hat"] * share, 1e-6)
    return min(max(current, low), high)


class RideRig(OwnStation):
    """A quarter car with an MR damper on a shaker."""

    def __init__(self, made: Made):
        super().__init__(made, DT, _PANEL, _OUTPUTS, FAULTS)
        self._car, self._damper = unit(made.seed)
        self._follow = -math.expm1(-STEP / self._damper.tau)
        self._static = (self._car.ms + self._car.mu) * GRAVITY
        self._noise = np.random.default_rng([MACHINE, 1, made.seed])
        self._stock: list[float] = []
        self._road: list[float] = []
        self._pieces = 0
        # z_body, v_body, z_wheel, v_wheel (m, m/s), lagging speed (m/s), coil (A), oil (°C)
        self._x = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, ROOM]
        self._place = self._phase = self._gain = 0.0
        self._running = REST
        self._z_road = self._force = self._a = self._rise = 0.0
        self._v_body = self._v_rel = 0.0
        self._last_travel = math.nan
        self._alarm = SOUND
        self._command = 0.0
        self._values = self._read()

    def advance(self) -> dict[str, float]:
        """Let controller and guard act, and one sample time pass; return what is read then."""
        self.control()
        for _ in range(round(DT / STEP)):
            self._shake()
            self._move()
        return self._read()

    def control(self) -> None:
        """Run the guard and the rule once."""
        asked = math.floor(self.panel["shaker"] + 0.5)
        self._guard(asked)
        if self._alarm != SOUND:
            self._command = 0.0
            return
        self._estimate()
        if math.floor(self.panel["rule"] + 0.5) == SKYHOOK:
            self._command = skyhook(self._v_body, self._v_rel, self.panel)
        else:
            self._command = self.panel["current"]

    def _guard(self, asked: int) -> None:
        if asked == REST:
            self._alarm = SOUND
        elif self._alarm == SOUND:
            if abs(self._values["travel"]) > TRAVEL_LIMIT:
                self._alarm = TRAVEL
            elif self._x[6] > OIL_LIMIT:
                self._alarm = OIL
            elif self._lift() <= 0.0:
                self._alarm = LIFT_OFF
        wanted = asked if self._alarm == SOUND else REST
        if wanted != self._running and self._gain <= 0.0:
            self._running = wanted
            self._place = self._phase = 0.0
        self._rise = STEP / RAMP if wanted == self._running != REST else -STEP / RAMP

    def _estimate(self) -> None:
        """Estimate the speeds of body and of the travel from the sensors."""
        y = self._values
        self._v_body += DT * (y["a_body"] - self._v_body / LEAK)
        if not math.isnan(self._last_travel):
            slope = (y["travel"] - self._last_travel) / DT
            self._v_rel += (slope - self._v_rel) * FOLLOW_FAST
        self._last_travel = y["travel"]

    def _shake(self) -> None:
        """Move the shaker on by one step."""
        self._gain = min(max(self._gain + self._rise, 0.0), 1.0)
        if self._running == SINE:
            self._phase += 2.0 * math.pi * self.panel["frequency"] * STEP
            self._z_road = self._gain * self.panel["amplitude"] * math.sin(self._phase)
        elif self._running == ROAD:
            self._place += self.panel["speed"] * STEP
            self._z_road = self._gain * self._height(self._place)
        else:
            self._z_road = 0.0

    def _height(self, place: float) -> float:
        i = int(place / GRID)
        while i + 1 >= len(self._road):
            # The last height of a piece is the first of the next.
            first = self._pieces * PIECE
            places = (first + np.arange(PIECE)) * GRID
            self._road += road_profile(places, "C", seed=MACHINE + self.made.seed).tolist()
            self._pieces += 1
        share = place / GRID - i
        return self._road[i] * (1.0 - share) + self._road[i + 1] * share

    def _lift(self) -> float:
        """Give the force (N) of the tyre on the shaker; 0 where it has left it."""
        car = self._car
        soft = 1.0 - 0.4 * self._severities.get("tyre_leak", 0.0)
        push = car.kt * soft * (self._z_road - self._x[2]) + self._static
        return max(push, 0.0)

    def _move(self) -> None:
        """Let the machine move for one step."""
        car, d = self._car, self._damper
        zs, vs, zu, vu, lagging, coil, oil = self._x
        travel, rate = zs - zu, vs - vu
        lagging += (rate - lagging) * self._follow
        coil += (self._command - coil) * FOLLOW_COIL
        thin = 1.0 - d.fade * (oil - ROOM)
        force = d.c * thin * lagging + friction(d, coil, oil) * math.tanh(lagging / d.v0)
        if lagging < 0.0:
            force *= d.compression
        if self._severities:
            force *= 1.0 - 0.33 * self._severities.get("gas_lost", 0.0)
        force += d.gas * travel
        stop = max(abs(travel) - STOP, 0.0) * math.copysign(STOP_STIFFNESS, travel)
        lift = -car.k * travel - force - stop
        tyre = self._lift() - self._static
        self._a = lift / car.ms
        vs += STEP * self._a
        vu += STEP * (tyre - lift) / car.mu
        heat = (force - d.gas * travel) * rate + 12.0 * coil * coil
        oil += STEP * (heat - 2.5 * (oil - ROOM)) / d.heat
        self._force = force
        self._x = [zs + STEP * vs, vs, zu + STEP * vu, vu, lagging, coil, oil]

    def _read(self) -> dict[str, float]:
        """Read the sensors."""
        zs, _, zu, _, _, coil, oil = self._x
        true = {
            "travel": zs - zu,
            "a_body": self._a,
            "F_damper": self._force,
            "tyre": zu - self._z_road,
        }
        if not self._stock:
            self._stock = self._noise.standard_normal(256).tolist()
        values = {}
        for name, (noise, grain) in _SENSORS.items():
            seen = true[name] + noise * self._stock.pop()
            values[name] = round(round(seen / grain) * grain, 6)
        return {
            **values,
            "I": round(coil, 3),
            "T_oil": round(oil, 1),
            "alarm": self._alarm,
        }
