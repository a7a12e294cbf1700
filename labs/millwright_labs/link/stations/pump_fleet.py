"""Four fuel pumps on four aircraft, watched once a flight: a small fleet that wears.

Each pump begins with a little damage, which grows with what is left of its clearances, faster in
one pump than in another and never evenly. Damage costs pressure and warms the bearing. Flights
differ in speed and in fuel temperature, and both move the readings more than a week of wear does.
A new pump from the store is another pump: other pressure when new, other wear. None of these
numbers can be read: they have to be found in the records.

One sample is one flight of each aircraft, or one night on the ground.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from millwright_labs.link.station import Made
from millwright_labs.link.stations.panel import PanelStation
from millwright_labs.plants.plant import (
    POSITIVE,
    Fault,
    Model,
    Parameters,
    Plant,
    Signal,
    parameter,
)
from millwright_labs.plants.sensors import Sensor

OURS = "ours: representative"

#: How many aircraft, each with one pump.
PUMPS = 4

#: One sample: a flight (s).
FLIGHT = 5400.0

#: Speed (rad/s) and fuel temperature (°C) to which pressures are referred.
W_REF, FUEL_REF = 377.0, 15.0

#: Share of its pressure when new that a pump may lose; damage 1 is this loss.
LOSS = 0.25

#: Pressure lost for each K of warmer fuel (1/K).
BY_FUEL = 0.002

#: Mean of the speed's flight-to-flight spread (share), and of the fuel temperature's (K).
SPEED_SPREAD, FUEL_SPREAD = 0.03, 8.0

#: Damage of a pump from the store: mean and spread of its logarithm.
NEW, NEW_SPREAD = 0.06, 0.3

#: Flights in which damage grows by a factor e: the fastest and the slowest pump; unevenness.
QUICK, SLOW, UNEVEN = 20.0, 42.0, 0.5

#: Tell the random numbers of pumps and flights from those of the sensors.
STORE, WEATHER = 5401, 5402


@dataclass(frozen=True)
class Fleet(Parameters):
    """Numbers that all pumps share."""

    p_new: float = parameter(690.0, "kPa", OURS, "pressure rise when new", minimum=POSITIVE)
    warmth: float = parameter(24.0, "K", OURS, "bearing over fuel when new", minimum=0.0)
    warmer: float = parameter(12.0, "K", OURS, "warming by damage 1", minimum=0.0)


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return u[:PUMPS]


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    outputs: list[float] = []
    fuel = u[4 * PUMPS]
    for k in range(PUMPS):
        w, own = u[PUMPS + k], u[2 * PUMPS + k]
        share = (w / W_REF) ** 2
        sound = (1.0 - LOSS * x[k]) * (1.0 - BY_FUEL * (fuel - FUEL_REF))
        outputs.append(p.p_new * own * share * max(sound, 0.0))
        outputs.append(fuel + share * (p.warmth + u[3 * PUMPS + k] + p.warmer * x[k]))
        outputs.append(w)
    return (*outputs, fuel)


def _rest(p: Fleet) -> tuple[Sequence[float], Sequence[float]]:
    ones, none = [1.0] * PUMPS, [0.0] * PUMPS
    return none, [*none, *none, *ones, *none, FUEL_REF]


def _signals() -> tuple[Signal, ...]:
    outputs: list[Signal] = []
    for k in range(1, PUMPS + 1):
        outputs += [
            Signal(f"p_{k}", "kPa", f"pressure rise of pump {k}; 0 on the ground", 0.0, 1200.0),
            Signal(f"T_{k}", "°C", f"bearing of pump {k}", -40.0, 90.0),
            Signal(f"w_{k}", "rad/s", f"speed of pump {k}; 0 on the ground", 0.0, 450.0),
        ]
    return (*outputs, Signal("T_fuel", "°C", "fuel temperature", -40.0, 60.0))


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    return FLIGHT  # wear is constant within a flight


MODEL = Model(
    id="pump_fleet",
    title="Fleet of four fuel pumps",
    industry="aviation",
    equations=r"""
$$\dot D_k = r_k, \qquad p_k = p_{new}\,o_k\,(\omega_k/\omega_{ref})^2\,(1 - 0.25\,D_k)\,
(1 - 0.002\,(T_{fuel} - 15))$$
""".strip(),
    inputs=(
        *(Signal(f"rate_{k}", "1/s", "wear", -1.0, 1.0) for k in range(1, PUMPS + 1)),
        *(Signal(f"speed_{k}", "rad/s", "speed", 0.0, 450.0) for k in range(1, PUMPS + 1)),
        *(Signal(f"own_{k}", "1", "pressure over nominal", 0.5, 1.5) for k in range(1, PUMPS + 1)),
        *(Signal(f"warm_{k}", "K", "bearing's own", -20.0, 20.0) for k in range(1, PUMPS + 1)),
        Signal("fuel", "°C", "fuel temperature", -40.0, 60.0),
    ),
    states=tuple(Signal(f"D_{k}", "1", "damage") for k in range(1, PUMPS + 1)),
    outputs=_signals(),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason="wear is constant within a flight",
    faults=(Fault("dirty_fuel", "all pumps wear three times as fast"),),
    sensors={
        **{
            f"p_{k}": Sensor(noise=2.5, step=0.5, bias=40.0, drift=0.2, source=OURS)
            for k in range(1, PUMPS + 1)
        },
        **{
            f"T_{k}": Sensor(noise=0.8, step=0.1, bias=5.0, drift=0.02, source=OURS)
            for k in range(1, PUMPS + 1)
        },
        **{
            f"w_{k}": Sensor(noise=0.4, step=0.1, bias=4.0, drift=0.02, source=OURS)
            for k in range(1, PUMPS + 1)
        },
        "T_fuel": Sensor(noise=0.3, step=0.1, bias=3.0, drift=0.01, source=OURS),
    },
    sources=("ours: wear, spread, limits and sensors are representative",),
    running_states=tuple(f"D_{k}" for k in range(1, PUMPS + 1)),
)

PANEL = (
    (Signal("fly", "1", "1 flies, 0 stays on the ground", 0.0, 1.0), 0.0),
    *(
        (Signal(f"change_{k}", "1", f"1 changes pump {k}, on the ground only", 0.0, 1.0), 0.0)
        for k in range(1, PUMPS + 1)
    ),
)

ON_BOARD = (
    Signal("flights", "1", "flights of each aircraft so far", 0.0, 1e6),
    *(
        Signal(f"age_{k}", "1", f"flights of the pump that is in aircraft {k}", 0.0, 1e6)
        for k in range(1, PUMPS + 1)
    ),
    *(
        Signal(f"found_{k}", "1", f"share of its life that the last pump {k} had used", 0.0, 1.0)
        for k in range(1, PUMPS + 1)
    ),
    Signal("changes", "1", "pumps changed so far", 0.0, 1e6),
    Signal("over", "1", "flights of pumps that were past their limit", 0.0, 0.0),
)


@dataclass
class Pump:
    """One pump: pressure over nominal (1), bearing's own (K), growth a flight (1), damage new."""

    own: float
    warm: float
    growth: float
    damage: float


class PumpFleet(PanelStation):
    """Four pumps by seed; see the module."""

    def __init__(self, made: Made):
        super().__init__(made, Plant(MODEL, Fleet()), FLIGHT, PANEL, ON_BOARD)
        self._store = np.random.default_rng([STORE, made.seed])
        self._weather = np.random.default_rng([WEATHER, made.seed])
        self.pumps = [self._from_store() for _ in range(PUMPS)]
        self.damage = [pump.damage for pump in self.pumps]
        self._age = [0] * PUMPS
        self._found = [0.0] * PUMPS
        self._flights = self._changes = self._over = 0

    def _from_store(self) -> Pump:
        rng = self._store
        return Pump(
            own=float(rng.normal(1.0, 0.02)),
            warm=float(rng.normal(0.0, 2.0)),
            growth=1.0 / float(rng.uniform(QUICK, SLOW)),
            damage=NEW * math.exp(NEW_SPREAD * float(rng.normal())),
        )

    def on_board(self) -> dict[str, float]:
        """Give the maintenance records."""
        # In the order of the tags: the wire carries values without names.
        return {
            "flights": float(self._flights),
            **{f"age_{k + 1}": float(age) for k, age in enumerate(self._age)},
            **{f"found_{k + 1}": found for k, found in enumerate(self._found)},
            "changes": float(self._changes),
            "over": float(self._over),
        }

    def control(self) -> None:
        """Fly every aircraft once, or work on the ground."""
        # Drawn on the ground too, so that a night's rest changes no later flight's weather.
        gauss = self._weather.normal(size=2 * PUMPS + 1)
        flies = self.panel["fly"] >= 0.5
        inputs = {"fuel": FUEL_REF + FUEL_SPREAD * float(gauss[-1])}
        for k in range(PUMPS):
            if not flies and self.panel[f"change_{k + 1}"] >= 0.5 and self._age[k] > 0:
                self._change(k)
            if flies:
                self._wear(k, float(gauss[PUMPS + k]))
            pump = self.pumps[k]
            speed = W_REF * (1.0 + SPEED_SPREAD * float(gauss[k]))
            inputs[f"rate_{k + 1}"] = (self.damage[k] - float(self.rig.x[k])) / FLIGHT
            inputs[f"speed_{k + 1}"] = speed if flies else 0.0
            inputs[f"own_{k + 1}"], inputs[f"warm_{k + 1}"] = pump.own, pump.warm
        self._flights += int(flies)
        self.rig.set(**inputs)

    def _wear(self, k: int, luck: float) -> None:
        """Let a flight wear pump k, unevenly."""
        dirty = 1.0 + 2.0 * self.severities.get("dirty_fuel", 0.0)
        uneven = math.exp(UNEVEN * luck - UNEVEN**2 / 2.0)
        self.damage[k] *= math.exp(self.pumps[k].growth * dirty * uneven)
        # A seized pump is worn out; it does not go on for ever.
        self.damage[k] = min(self.damage[k], 3.0)
        self._age[k] += 1
        self._over += int(self.damage[k] > 1.0)

    def _change(self, k: int) -> None:
        """Put a pump from the store in place of pump k, and look at what came out."""
        now, new = self.pumps[k], self.pumps[k].damage
        used = math.log(self.damage[k] / new) / math.log(1.0 / now.damage)
        self._found[k] = min(max(used, 0.0), 1.0)
        self.pumps[k] = self._from_store()
        self.damage[k], self._age[k] = self.pumps[k].damage, 0
        self._changes += 1
