"""The live incubator: a box that runs by itself, for a digital twin to follow.

Its physics are richer than any twin's that a learner will write, as a real box's are:

- the wall stores heat, so that the box has a fast and a slow loss;
- the heater radiates, and its copper track gives less power when hot;
- the outer wall loses more, for each kelvin, the warmer it is (free convection);
- the room wanders over the day and with doors and people;
- three thermometers hang on one wire and are read in turn; the two in the box have a lag;
- every unit differs from the next by some per cent: the seed says which one stands here.

A thermostat on board heats in pulses with pauses, so that the air does not run ahead of the
heater. The twin sees what a real one sees: three thermometers and the relay.

The sample is computed by one compiled function (`run`). A station calls it for one sample, a
simulation of a whole day for all of them: the numbers are the same.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numba import njit

from millwright_labs.errors import FaultError, SignalError
from millwright_labs.link.station import Made, Sample, Station
from millwright_labs.plants.checks import as_number
from millwright_labs.plants.incubator import INCUBATOR, LID
from millwright_labs.plants.plant import POSITIVE, Parameters, Signal, parameter

SPLIT = "representative: the fitted box's capacity and conductance, shared out over air and wall"
ASSUMED = "representative"
SHEET = "DS18B20 data sheet"

SAMPLE_TIME = 3.0  # s
SUBSTEPS = 4  # of 0.75 s, the time in which one thermometer converts; the fastest mass has 8 s
SECONDS_PER_DAY = 86_400.0
SECONDS_PER_HOUR = 3600.0
KELVIN = 273.15  # 0 °C
STEFAN_BOLTZMANN = 5.670374419e-8  # W/(m² K⁴), CODATA 2018


@dataclass(frozen=True)
class LiveIncubator(Parameters):
    """Numbers of one box."""

    C_heater: float = parameter(329.0, "J/K", INCUBATOR, "heat capacity of the heater", POSITIVE)
    C_air: float = parameter(120.0, "J/K", SPLIT, "heat capacity of air and content", POSITIVE)
    C_wall: float = parameter(310.0, "J/K", SPLIT, "heat capacity of the wall", POSITIVE)
    G_heater: float = parameter(1.55, "W/K", INCUBATOR, "conductance, heater to air", POSITIVE)
    G_inner: float = parameter(2.0, "W/K", SPLIT, "conductance, air to wall", POSITIVE)
    G_outer: float = parameter(0.52, "W/K", SPLIT, "conductance, wall to room at 10 K", POSITIVE)
    G_leak: float = parameter(0.15, "W/K", SPLIT, "conductance of gaps, air to room", POSITIVE)
    convection: float = parameter(
        0.06,
        "1",
        "free convection's fourth root, on the quarter of the resistance that the outer film has",
        "exponent of the wall's loss in its temperature difference",
        0.0,
        1.0,
    )
    A_radiating: float = parameter(
        0.01, "m²", ASSUMED, "radiating area of the heater times its emissivity", 0.0
    )
    P_heater: float = parameter(18.67, "W", INCUBATOR, "power of the heater at 40 °C", 0.0)
    copper: float = parameter(
        0.0039, "1/K", "copper, at 20 °C", "growth of the heater's resistance", 0.0, 0.01
    )
    G_lid: float = parameter(15.0, "W/K", LID, "conductance that the open lid adds", 0.0)
    lag_1: float = parameter(8.0, "s", ASSUMED, "lag of thermometer 1 in moving air", POSITIVE)
    lag_2: float = parameter(11.0, "s", ASSUMED, "lag of thermometer 2", POSITIVE)
    offset_1: float = parameter(0.0, "°C", SHEET, "error of thermometer 1", -0.5, 0.5)
    offset_2: float = parameter(0.0, "°C", SHEET, "error of thermometer 2", -0.5, 0.5)
    offset_room: float = parameter(0.0, "°C", SHEET, "error of the room's thermometer", -0.5, 0.5)
    noise: float = parameter(0.06, "°C", ASSUMED, "standard deviation of a reading", 0.0)
    step: float = parameter(0.0625, "°C", SHEET, "step of a reading", POSITIVE)
    lost: float = parameter(
        0.002, "1", ASSUMED, "share of readings with a wrong checksum", 0.0, 1.0
    )
    T_room: float = parameter(21.0, "°C", ASSUMED, "mean of the room over a day", -20.0, 50.0)
    swing: float = parameter(1.5, "°C", ASSUMED, "swing of the room over a day", 0.0)
    phase: float = parameter(0.0, "rad", ASSUMED, "hour of the day at the start")
    wander: float = parameter(0.4, "°C", ASSUMED, "deviation of the room by doors and people", 0.0)
    wander_time: float = parameter(1800.0, "s", ASSUMED, "how long a deviation lasts", POSITIVE)


#: How much boxes of one make differ: relative standard deviation of their numbers.
UNIT_SPREAD = {
    "C_heater": 0.05, "C_air": 0.05, "C_wall": 0.08, "G_heater": 0.06, "G_inner": 0.06,
    "G_outer": 0.08, "G_leak": 0.15, "P_heater": 0.03, "lag_1": 0.1, "lag_2": 0.1,
}  # fmt: skip
OFFSET_SPREAD = 0.12  # °C, standard deviation of a thermometer's error
ROOM_SPREAD = 0.7  # °C, standard deviation of the mean temperature of rooms

FAULTS = {
    "lid_open": "lid fully open: 15 W/K more from the air to the room (0.1: ajar)",
    "heater_wear": "heater gives no heat (0.3: 30 % less)",
    "heater_ageing": "heater loses 10 % of its power an hour (what is lost stays lost)",
    "fan_wear": "fan at a fifth: heater to air falls by 80 %, readings are three times as noisy",
    "T_1_drift": "thermometer 1 runs away by +2 °C an hour (and keeps its error)",
    "T_2_drift": "thermometer 2 runs away by +2 °C an hour (and keeps its error)",
    "dropout": "every reading lost (severity is the share lost)",
}
AGEING = 0.1  # share of the power lost in an hour at severity 1
DRIFT = 2.0  # °C an hour at severity 1

INPUTS = (Signal("set_point", "°C", "set point of the thermostat on board", 20.0, 42.0),)
OUTPUTS = (
    Signal("T_1", "°C", "thermometer 1, in the box", -20.0, 70.0),
    Signal("T_2", "°C", "thermometer 2, in the box", -20.0, 70.0),
    Signal("T_room", "°C", "thermometer in the room", -20.0, 50.0),
    Signal("heater", "1", "share of the last sample that the relay was on", 0.0, 1.0),
)
START_SET_POINT = 35.0  # °C

# The thermostat, after the incubator's own: heat for a while, wait for a while, until it is warm;
# then wait until it is cold.
HEAT_TIME, WAIT_TIME = 30.0, 12.0  # s
BAND = 1.0  # K under the set point where heating begins again

#: What changes from sample to sample, in the order of the state array.
STATE = (
    "T_heater", "T_air", "T_wall", "S_1", "S_2", "wander", "aged", "drift_1", "drift_2",
    "phase", "clock", "T_1", "T_2",
)  # fmt: skip
# Phases of the thermostat.
IDLE, HEATING, WAITING = 0.0, 1.0, 2.0
#: Random numbers a sample: three readings, the room, three lost readings.
DRAWS = 7

Numbers = namedtuple("Numbers", [entry.name for entry in fields(LiveIncubator)])  # type: ignore[misc]


def unit(seed: int) -> LiveIncubator:
    """Return the numbers of the box with this seed."""
    rng = np.random.default_rng([seed, 1])
    box = LiveIncubator()
    spread = {
        name: getattr(box, name) * math.exp(share * rng.standard_normal())
        for name, share in UNIT_SPREAD.items()
    }
    offsets = np.clip(OFFSET_SPREAD * rng.standard_normal(3), -0.4, 0.4).tolist()
    return replace(
        box,
        **spread,
        **dict(zip(("offset_1", "offset_2", "offset_room"), offsets, strict=True)),
        T_room=box.T_room + ROOM_SPREAD * float(np.clip(rng.standard_normal(), -2, 2)),
        phase=2 * math.pi * float(rng.random()),
    )


def numbers(box: LiveIncubator) -> Any:
    """Return a box's numbers as compiled code takes them."""
    return Numbers(**asdict(box))


def at_rest(box: LiveIncubator) -> np.ndarray:
    """Return the state of a box that has stood switched off in its room."""
    room = box.T_room + box.swing * math.sin(box.phase)
    s = np.zeros(len(STATE))
    s[:5] = room
    s[11:13] = room
    return s


@njit(cache=True, error_model="numpy")
def thermostat(phase: float, clock: float, T: float, set_point: float, dt: float):  # type: ignore[no-untyped-def]
    """Decide whether to heat for the next `dt` seconds; return the new phase and its clock (s)."""
    clock += dt
    if phase == IDLE and set_point - BAND >= T:
        return HEATING, 0.0
    if phase == HEATING and clock >= HEAT_TIME:
        return WAITING, 0.0
    if phase == WAITING and clock >= WAIT_TIME:
        return (HEATING, 0.0) if set_point >= T else (IDLE, 0.0)
    return phase, clock


@njit(cache=True, error_model="numpy")
def heat_flows(Th, Ta, Tw, on, room, p, lid, power, fan):  # type: ignore[no-untyped-def]
    """Return the rates of change (K/s) of heater, air and wall."""
    P = on * power * p.P_heater / (1.0 + p.copper * (Th - 40.0))
    to_air = p.G_heater * (1.0 - 0.8 * fan) * (Th - Ta)
    radiated = STEFAN_BOLTZMANN * p.A_radiating * ((Th + KELVIN) ** 4 - (Tw + KELVIN) ** 4)
    to_wall = p.G_inner * (Ta - Tw)
    above = Tw - room
    to_room = p.G_outer * (abs(above) / 10.0) ** p.convection * above
    gaps = (p.G_leak + p.G_lid * lid) * (Ta - room)
    return (
        (P - to_air - radiated) / p.C_heater,
        (to_air - to_wall - gaps) / p.C_air,
        (to_wall + radiated - to_room) / p.C_wall,
    )


@njit(cache=True, error_model="numpy")
def reading(value, lost, share, p):  # type: ignore[no-untyped-def]
    """Return a reading in whole steps, or NaN if it is lost."""
    # A normal number stands in for a uniform one, so that one stream serves all.
    if share > 0.0 and 0.5 * math.erfc(-lost / math.sqrt(2.0)) < share:
        return math.nan
    return round(value / p.step) * p.step


@njit(cache=True, error_model="numpy")
def run(s, k0, set_point, p, faults, z, out, states):  # type: ignore[no-untyped-def]
    """Advance the box by as many samples as `out` has rows.

    Parameters
    ----------
    s : ndarray, shape (13,)
        The state by `STATE`; it is changed in place.
    k0 : int
        Number of samples before.
    set_point : ndarray, shape (n,)
        In °C.
    p : Numbers
    faults : ndarray, shape (n, 7)
        Severities in the order of `FAULTS`.
    z : ndarray, shape (n, DRAWS)
        Standard normal numbers.
    out : ndarray, shape (n, 4)
        Filled with the outputs, in the order of `OUTPUTS`.
    states : ndarray, shape (n, 13)
        Filled with the state at each sample, by `STATE`.
    """
    h = SAMPLE_TIME / SUBSTEPS
    keep = math.exp(-SAMPLE_TIME / p.wander_time)
    for k in range(len(out)):
        lid, wear, ageing, fan, drift_1, drift_2, dropout = faults[k]
        s[9], s[10] = thermostat(s[9], s[10], 0.5 * (s[11] + s[12]), set_point[k], SAMPLE_TIME)
        on = 1.0 if s[9] == HEATING else 0.0
        s[5] = keep * s[5] + p.wander * math.sqrt(1.0 - keep * keep) * z[k, 3]
        s[6] += ageing * AGEING * SAMPLE_TIME / SECONDS_PER_HOUR
        s[7] += drift_1 * DRIFT * SAMPLE_TIME / SECONDS_PER_HOUR
        s[8] += drift_2 * DRIFT * SAMPLE_TIME / SECONDS_PER_HOUR
        day = 2.0 * math.pi * (k0 + k + 1) * SAMPLE_TIME / SECONDS_PER_DAY
        room = p.T_room + p.swing * math.sin(day + p.phase) + s[5]
        power = (1.0 - wear) * max(1.0 - s[6], 0.0)
        Th, Ta, Tw, S1, S2 = s[0], s[1], s[2], s[3], s[4]
        noise = p.noise * (1.0 + 2.0 * fan)
        share = 1.0 - (1.0 - p.lost) * (1.0 - dropout)
        for i in range(SUBSTEPS):
            a1, b1, c1 = heat_flows(Th, Ta, Tw, on, room, p, lid, power, fan)
            a2, b2, c2 = heat_flows(
                Th + h / 2 * a1, Ta + h / 2 * b1, Tw + h / 2 * c1, on, room, p, lid, power, fan
            )
            a3, b3, c3 = heat_flows(
                Th + h / 2 * a2, Ta + h / 2 * b2, Tw + h / 2 * c2, on, room, p, lid, power, fan
            )
            a4, b4, c4 = heat_flows(
                Th + h * a3, Ta + h * b3, Tw + h * c3, on, room, p, lid, power, fan
            )
            before = Ta
            Th += h / 6 * (a1 + 2 * (a2 + a3) + a4)
            Ta += h / 6 * (b1 + 2 * (b2 + b3) + b4)
            Tw += h / 6 * (c1 + 2 * (c2 + c3) + c4)
            # The lag of a thermometer, exact for the air's mean over the substep.
            air = 0.5 * (before + Ta)
            S1 = air + (S1 - air) * math.exp(-h / p.lag_1)
            S2 = air + (S2 - air) * math.exp(-h / p.lag_2)
            # One wire: the thermometers are read one after the other.
            if i == SUBSTEPS - 3:
                out[k, 0] = reading(S1 + p.offset_1 + s[7] + noise * z[k, 0], z[k, 4], share, p)
            elif i == SUBSTEPS - 2:
                out[k, 1] = reading(S2 + p.offset_2 + s[8] + noise * z[k, 1], z[k, 5], share, p)
        out[k, 2] = reading(room + p.offset_room + p.noise * z[k, 2], z[k, 6], share, p)
        out[k, 3] = on
        s[0], s[1], s[2], s[3], s[4] = Th, Ta, Tw, S1, S2
        # The thermostat keeps the last reading that came.
        if not math.isnan(out[k, 0]):
            s[11] = out[k, 0]
        if not math.isnan(out[k, 1]):
            s[12] = out[k, 1]
        states[k] = s


def simulate(
    seed: int,
    set_point: np.ndarray,
    faults: Mapping[str, np.ndarray] | None = None,
    box: LiveIncubator | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Run a box from rest in one call, as fast as the machine can.

    Parameters
    ----------
    seed : int
        Of the box and its noise, as for a station.
    set_point : array_like, shape (n,)
        In °C; entry k holds in the interval that ends at sample k + 1.
    faults : mapping of str to array_like of shape (n,), optional
        Severities by fault.
    box : LiveIncubator, optional
        Default: the unit of this seed.

    Returns
    -------
    outputs : ndarray, shape (n + 1, 4)
        In the order of `OUTPUTS`, from the sample at rest on.
    states : ndarray, shape (n + 1, 13)
        The true state at each sample, by `STATE`.
    """
    box = box or unit(seed)
    set_point = np.ascontiguousarray(set_point, dtype=float)
    n = len(set_point)
    severities = np.zeros((n, len(FAULTS)))
    for name, severity in (faults or {}).items():
        severities[:, list(FAULTS).index(name)] = severity
    rng = np.random.default_rng([seed, 0])
    s, out, states = at_rest(box), np.empty((n + 1, len(OUTPUTS))), np.empty((n + 1, len(STATE)))
    states[0] = s
    out[0] = _first(s, box, rng.standard_normal(DRAWS))
    z = rng.standard_normal((n, DRAWS))
    run(s, 0, set_point, numbers(box), severities, z, out[1:], states[1:])
    return out, states


def _first(s: np.ndarray, box: LiveIncubator, z: np.ndarray) -> list[float]:
    """Return the outputs of a box at rest."""
    offsets = (box.offset_1, box.offset_2, box.offset_room)
    first = [s[3] + offset + box.noise * z[i] for i, offset in enumerate(offsets)]
    return [round(value / box.step) * box.step for value in first] + [0.0]


class IncubatorLive(Station):
    """The live incubator as a station. It needs no command to run; `set_point` is its one input."""

    def __init__(self, made: Made):
        # Not Station's: there is no plant on a bench inside, but the compiled box.
        self.made, self.dt = made, SAMPLE_TIME
        self.inputs = {signal.name: signal for signal in INPUTS}
        self.outputs = {signal.name: signal for signal in OUTPUTS}
        self.faults = dict(FAULTS)
        self.box = unit(made.seed)
        self._numbers = numbers(self.box)
        self._rng = np.random.default_rng([made.seed, 0])
        self._s = at_rest(self.box)
        self._set_point = np.array([START_SET_POINT])
        self._severities = np.zeros((1, len(FAULTS)))
        self._out = np.array([_first(self._s, self.box, self._rng.standard_normal(DRAWS))])
        self._seq = 0
        self.fault(**CASES.get(made.case, {}))

    @property
    def severities(self) -> dict[str, float]:
        """Severity in [0, 1] of every fault that is on, by name."""
        now = dict(zip(FAULTS, self._severities[0].tolist(), strict=True))
        return {name: severity for name, severity in now.items() if severity}

    @property
    def x(self) -> dict[str, float]:
        """The true state by name, which no instrument shows."""
        return dict(zip(STATE, self._s.tolist(), strict=True))

    def sample(self) -> Sample:
        """Give the newest sample again."""
        outputs = dict(zip(self.outputs, self._out[0].tolist(), strict=True))
        return Sample(self._seq, self._seq * self.dt, self.applied(), outputs)

    def applied(self) -> dict[str, float]:
        """Give the inputs as they are applied."""
        return {"set_point": float(self._set_point[0])}

    def write(self, **inputs: float) -> None:
        """Set the set point (°C) from now on, clipped to its limits."""
        new = float(self._set_point[0])
        for name, value in inputs.items():
            if name not in self.inputs:
                raise SignalError(
                    f"{self.made.station} has no input {name!r}. "
                    f"Choose from: {', '.join(self.inputs)}."
                )
            signal = self.inputs[name]
            new = min(max(_number(value), signal.low), signal.high)
            if math.isnan(new):
                raise SignalError(f"{name!r} must be a number in {signal.unit}, got {value!r}.")
        self._set_point[0] = new

    def fault(self, **severities: float) -> None:
        """Give faults a severity in [0, 1] from now on; 0 stops them."""
        new = self._severities.copy()
        for name, severity in severities.items():
            if name not in FAULTS:
                raise FaultError(
                    f"{self.made.station} has no fault {name!r}. Choose from: {', '.join(FAULTS)}."
                )
            number = _number(severity)
            if not 0.0 <= number <= 1.0:
                raise FaultError(
                    f"Fault {name!r} has severity {severity!r}. Give a number from 0 (sound) to 1."
                )
            new[0, list(FAULTS).index(name)] = number
        self._severities = new

    def step(self) -> Sample:
        """Let one sample time pass."""
        z = self._rng.standard_normal((1, DRAWS))
        out = np.empty_like(self._out)
        states = np.empty((1, len(STATE)))
        run(self._s, self._seq, self._set_point, self._numbers, self._severities, z, out, states)
        self._out = out
        self._seq += 1
        return self.sample()


#: Conditions that it can be delivered in.
CASES: dict[str, dict[str, float]] = {"worn": {"heater_wear": 0.2}}


def _number(value: Any) -> float:
    try:
        return as_number(value)
    except TypeError:
        return math.nan
