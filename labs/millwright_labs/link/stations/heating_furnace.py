"""A furnace zone with its PID controller on board, a door and an energy meter.

The zone is the bench heater of `plants.furnace_zone` made richer: it also radiates, its brickwork
takes up heat, the room's temperature wanders, and an open door lets heat out. Each seed is
another zone in another room. None of these numbers can be read: they have to be measured.

The controller is a PID in standard form, with the derivative on the filtered measurement. Its
integral stops where the command meets a limit, and follows the hand in manual mode. A guard
switches the heater off when the thermometer reads too much.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from millwright_labs import plants
from millwright_labs.link.station import Made
from millwright_labs.link.stations.panel import PanelStation
from millwright_labs.plants.furnace_zone import MODEL as TEXTBOOK
from millwright_labs.plants.furnace_zone import TCLAB
from millwright_labs.plants.plant import POSITIVE, Fault, Parameters, Plant, Signal, parameter

OURS = "ours: representative"

#: Sample time of controller and recording (s).
DT = 1.0

#: The guard switches the heater off from this reading on, and releases it below `RELEASE` (°C).
TRIP, RELEASE = 85.0, 70.0

#: Power of the heater at 100 % (W): 0.00016 W for each percent and each of its 200 PWM steps.
RATED_POWER = 3.2

#: The derivative's filter: a tenth of Td.
FILTER = 10.0

#: A door that stands open adds this share to the heat lost.
DOOR = 0.5

KELVIN = 273.15

#: Tells the random numbers of the zone from those of its sensors.
ZONE = 5201


@dataclass(frozen=True)
class Zone(Parameters):
    """Numbers of one zone; the defaults are in the middle of what is delivered."""

    P: float = parameter(200.0, "PWM", TCLAB, "largest power of the heater", minimum=0.0)
    alpha: float = parameter(
        1.0 / 5720.0, "°C/(s·PWM·%)", TCLAB, "heating rate by power and percent", minimum=POSITIVE
    )
    loss: float = parameter(0.04, "1/s", OURS, "heat lost by convection", minimum=POSITIVE)
    radiation: float = parameter(6e-11, "1/(s·K³)", OURS, "heat lost by radiation", minimum=0.0)
    coupling: float = parameter(0.01, "1/s", TCLAB, "heat exchanged with the brickwork")
    brickwork: float = parameter(6.0, "1", OURS, "heat stored there, over the zone's", minimum=0.1)
    sensor_lag: float = parameter(140.0, "s", TCLAB, "of the thermometer", minimum=1.0)


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    zone, brick, sensor = x
    Q, door, room = u
    heat = p.alpha * p.P * Q * (1.0 - f.heater_wear)
    lost = p.loss * (zone - room)
    lost += p.radiation * ((zone + KELVIN) ** 4 - (room + KELVIN) ** 4)
    exchange = p.coupling * (zone - brick)
    return (
        heat - lost * (1.0 + DOOR * max(door, f.door_seal)) - exchange,
        exchange / p.brickwork,
        (zone - sensor) / p.sensor_lag,
    )


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[2],)


def _rest(p: Zone) -> tuple[Sequence[float], Sequence[float]]:
    return [21.0, 21.0, 21.0], [0.0, 0.0, 21.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    return 0.2 / (2.0 * p.loss + 2.0 * p.coupling)


MODEL = replace(
    TEXTBOOK,
    id="heating_furnace",
    title="Furnace zone with PID on board",
    inputs=(
        Signal("Q", "%", "power of the heater", 0.0, 100.0),
        Signal("door", "1", "1: the door stands open", 0.0, 1.0),
        Signal("room", "°C", "temperature of the room", -50.0, 100.0),
    ),
    states=(
        Signal("zone", "°C", "temperature of the zone"),
        Signal("brick", "°C", "temperature of the brickwork"),
        Signal("sensor", "°C", "temperature of the thermometer"),
    ),
    outputs=(Signal("T", "°C", "what the thermometer shows", -50.0, 80.0),),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    faults=(
        Fault("heater_wear", "the heater gives no heat (0.3: 30 % less at every command)"),
        Fault("door_seal", "the seal is gone: as if the door stood open"),
    ),
    sensors={"T": TEXTBOOK.sensors["T1"]},
)

PANEL = (
    (Signal("auto", "1", "1: the PID has the heater; 0: by hand", 0.0, 1.0), 0.0),
    (Signal("Q_hand", "%", "power by hand", 0.0, 100.0), 0.0),
    (Signal("T_set", "°C", "set point", 0.0, 75.0), 20.0),
    (Signal("Kp", "%/°C", "proportional gain", 0.0, 100.0), 1.0),
    (Signal("Ti", "s", "integral time", 1.0, 10000.0), 10000.0),
    (Signal("Td", "s", "derivative time", 0.0, 500.0), 0.0),
    (Signal("Q_max", "%", "highest power, by hand and by PID", 0.0, 100.0), 100.0),
    (Signal("door", "1", "1 opens the door, 0 shuts it", 0.0, 1.0), 0.0),
)

ON_BOARD = (
    Signal("power", "W", "electric power, mean of the sample", 0.0, RATED_POWER),
    Signal("energy", "J", "energy meter", 0.0, math.inf),
    Signal("tripped", "1", "1: the guard has switched the heater off", 0.0, 0.0),
)


@dataclass(frozen=True)
class Room:
    """A room whose temperature wanders."""

    mean: float
    swing: float
    period: float
    phase: float

    def at(self, t: float) -> float:
        """Temperature (°C) at a time (s)."""
        return self.mean + self.swing * math.sin(math.tau * t / self.period + self.phase)


def delivered(seed: int) -> tuple[Zone, Room]:
    """Give the zone and the room of a seed."""
    rng = np.random.default_rng([ZONE, seed])

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    zone = Zone(
        P=200.0 * between(0.9, 1.1),
        loss=0.04 * between(0.9, 1.1),
        radiation=6e-11 * between(0.7, 1.3),
        brickwork=between(4.0, 8.0),
        sensor_lag=between(125.0, 155.0),
    )
    room = Room(
        between(18.0, 26.0), between(0.3, 1.0), between(1800, 3600), between(-math.pi, math.pi)
    )
    return zone, room


class HeatingFurnace(PanelStation):
    """One zone by seed; see the module."""

    def __init__(self, made: Made):
        zone, self.room = delivered(made.seed)
        start = self.room.at(0.0)
        super().__init__(made, Plant(MODEL, zone), DT, PANEL, ON_BOARD)
        self.rig = plants.Rig(Plant(MODEL, zone), dt=DT, seed=made.seed, x0=[start] * 3)
        self._power = self._energy = 0.0
        self._integral = self._rate = 0.0
        self._last: float | None = None
        self._tripped = False

    def on_board(self) -> dict[str, float]:
        """Give the meters and the guard."""
        return {
            "power": round(self._power, 6),
            "energy": round(self._energy, 3),
            "tripped": float(self._tripped),
        }

    def control(self) -> None:
        """Let guard and PID act on the last measurement."""
        panel, T = self.panel, self.measured()["T"]
        self._tripped = T >= TRIP or (self._tripped and T > RELEASE)
        Q = 0.0 if self._tripped else self._command(T)
        self._power = RATED_POWER * Q / 100.0
        self._energy += self._power * DT
        self.rig.set(Q=Q, door=panel["door"], room=self.room.at(self.rig.t))

    def _command(self, T: float) -> float:
        """Power (%) within 0 and Q_max."""
        panel, highest = self.panel, self.panel["Q_max"]
        Kp, Td = panel["Kp"], panel["Td"]
        if self._last is not None:
            Tf = Td / FILTER
            self._rate = (Tf * self._rate + T - self._last) / (Tf + DT)
        self._last = T
        error = panel["T_set"] - T
        quick = Kp * (error - Td * self._rate)
        if panel["auto"] < 0.5:
            Q = min(panel["Q_hand"], highest)
            self._integral = Q - quick
            return Q
        wanted = quick + self._integral
        step = Kp / panel["Ti"] * error * DT
        excess = wanted - min(max(wanted, 0.0), highest)
        if excess * step <= 0.0:
            self._integral += step
        return min(max(quick + self._integral, 0.0), highest)
