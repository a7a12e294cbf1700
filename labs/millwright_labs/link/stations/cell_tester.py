"""A lithium-ion cell on a tester with its chamber: discharge, charge, pulses and a drive cycle.

The cell has the open-circuit voltage and the circuit of `plants.battery`, at 2 A·h. It is richer
than the model that a learner fits: its age is drawn by the seed (capacity and resistance), its
resistances grow in the cold, its open-circuit voltage remembers whether it was charged or
discharged last, and it warms itself. The ammeter has an offset and an error of its scale, so that
counting charge runs away. Nobody knows how full the cell is when it comes.

The tester stops by itself at the learner's voltages, which is a normal end. The guard opens the
contactor beyond what the cell bears; `mode` 0 acknowledges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from millwright_labs.link.recording import Recording
from millwright_labs.link.station import Made, make_station
from millwright_labs.link.stations.panel import OwnStation
from millwright_labs.plants.battery import PUBLISHED_CAPACITY, circuit, open_circuit_voltage
from millwright_labs.plants.plant import Signal

#: Sample time (s).
DT = 1.0

#: Capacity (A·h) of a new cell, and what the guard allows: voltage (V), temperature (°C).
NEW, LOWEST, HIGHEST, HOTTEST = 2.0, 2.5, 4.25, 55.0

REST, DISCHARGE, CHARGE, DRIVE = 0, 1, 2, 3
IDLE, DISCHARGING, CHARGING, TOPPING, DRIVING, DONE = 0.0, 1.0, 2.0, 3.0, 4.0, 5.0
SOUND, LOW, HIGH, HOT = 0.0, 1.0, 2.0, 3.0

#: Heat capacity (J/K) and conductance (W/K) of an 18650 cell of 45 g in moving air (ours).
C_CELL, G_CELL = 45.0, 0.12

#: Resistances grow by this activation temperature (K); room of the data sheet (°C).
ACTIVATION, SHEET = 2000.0, 25.0

#: Half the width of the voltage's hysteresis (V), and the share of charge that turns it round.
HYSTERESIS, TURN = 0.006, 0.03

#: The chamber moves so fast (K/s).
CHAMBER = 1.0 / 30.0

SECONDS_PER_HOUR = 3600.0

#: Tells the random numbers of the cell from those of its sensors.
CELL = 5302

FAULTS = {
    "ammeter_offset": "the ammeter reads 0.2 A too much",
    "cooling_loss": "conductance to the chamber 80 % lower",
}

_PANEL = (
    (Signal("mode", "1", "0 rest, 1 discharge, 2 charge, 3 drive cycle", 0.0, 3.0), 0.0),
    (Signal("current", "A", "of discharge or charge", 0.0, 4.0), 1.0),
    (Signal("v_low", "V", "discharge and drive cycle end here", 2.0, 3.6), 2.8),
    (Signal("v_high", "V", "charge goes on at this voltage", 3.8, 4.3), 4.1),
    (Signal("I_end", "A", "charge ends here", 0.02, 1.0), 0.05),
    (Signal("T_room", "°C", "chamber", 0.0, 45.0), 25.0),
)

_OUTPUTS = (
    Signal("V", "V", "voltage at the terminals", LOWEST, HIGHEST),
    Signal("I", "A", "current out of the cell, as the ammeter reads it", -4.0, 6.0),
    Signal("T_cell", "°C", "temperature of the cell", 0.0, HOTTEST),
    Signal("state", "1", "0 idle, 1 discharge, 2 charge, 3 topping up, 4 drive, 5 done", 0.0, 5.0),
    Signal("alarm", "1", "0 none, 1 voltage too low, 2 too high, 3 too hot", 0.0, 3.0),
)


@dataclass(frozen=True)
class Cell:
    """Numbers of one cell and its ammeter.

    `capacity` (A·h), `growth` of all resistances with age, `start` (state of charge as it comes),
    `offset` (A) and `scale` of the ammeter.
    """

    capacity: float = NEW
    growth: float = 1.0
    start: float = 0.5
    offset: float = 0.0
    scale: float = 1.0


def unit(seed: int) -> Cell:
    """Give one cell with its ammeter."""
    rng = np.random.default_rng([CELL, seed])
    age, start, offset, sign, scale = rng.random(5).tolist()
    return Cell(
        capacity=NEW * (1.0 - 0.28 * age),
        growth=1.0 + 0.9 * age,
        start=0.35 + 0.3 * start,
        offset=math.copysign(0.015 + 0.025 * offset, sign - 0.5),
        scale=1.0 + 0.004 * (scale - 0.5),
    )


def drive_cycle(seed: int) -> list[float]:
    """Give the currents (A) of an hour in town, second by second; it then begins anew."""
    rng = np.random.default_rng([CELL, 1, seed])
    currents: list[float] = []
    while len(currents) < SECONDS_PER_HOUR:
        start, cruise, brake, wait = rng.integers([6, 15, 5, 5], [16, 70, 12, 25]).tolist()
        up, along, down = rng.uniform([1.5, 0.4, 0.5], [4.0, 1.5, 1.6]).tolist()
        currents += [up] * start + [along] * cruise + [-down] * brake + [0.05] * wait
    return currents[: int(SECONDS_PER_HOUR)]


class CellTester(OwnStation):
    """A cell on its tester. `soc` is the truth that no tag shows (1: full)."""

    def __init__(self, made: Made):
        super().__init__(made, DT, _PANEL, _OUTPUTS, FAULTS)
        self._cell = unit(made.seed)
        self._cycle = drive_cycle(made.seed)
        self._noise = np.random.default_rng([CELL, 2, made.seed])
        self.soc = self._cell.start
        self._fast = self._slow = self._memory = 0.0
        self._T = self._room = SHEET
        self._current = 0.0
        self._voltage = open_circuit_voltage(self.soc)
        self._state, self._alarm, self._asked, self._driven = IDLE, SOUND, REST, 0
        self._values = self._read()

    def advance(self) -> dict[str, float]:
        """Let tester and guard act, and one sample time pass; return what is read then."""
        self.control()
        self._live()
        return self._read()

    def control(self) -> None:
        """Take what the panel asks for, end what has reached its end, and run the guard."""
        asked = math.floor(self.panel["mode"] + 0.5)
        if asked != self._asked:
            self._asked, self._driven = asked, 0
            self._state = {
                REST: IDLE,
                DISCHARGE: DISCHARGING,
                CHARGE: CHARGING,
                DRIVE: DRIVING,
            }[asked]
        if asked == REST:
            self._alarm = SOUND
        elif self._alarm == SOUND:
            if self._voltage < LOWEST:
                self._alarm = LOW
            elif self._voltage > HIGHEST:
                self._alarm = HIGH
            elif self._T > HOTTEST:
                self._alarm = HOT
        if self._alarm != SOUND:
            self._state = DONE
        if self._state in (DISCHARGING, DRIVING) and self._voltage <= self.panel["v_low"]:
            self._state = DONE
        elif self._state == CHARGING and self._voltage >= self.panel["v_high"]:
            self._state = TOPPING
        elif self._state == TOPPING and -self._current <= self.panel["I_end"]:
            self._state = DONE

    def _resistances(self) -> tuple[float, float, float, float, float]:
        """Give the circuit's elements (Ω, F) at this charge, temperature and age."""
        R0, R1, C1, R2, C2 = circuit(self.soc)
        size = NEW / PUBLISHED_CAPACITY
        cold = math.exp(ACTIVATION * (1.0 / (self._T + 273.15) - 1.0 / (SHEET + 273.15)))
        worn = self._cell.growth * cold / size
        return R0 * worn, R1 * worn, C1 * size, R2 * worn, C2 * size

    def _wanted(self, inner: float, R0: float) -> float:
        """Give the current (A) that the tester lets flow; `inner` is the voltage behind R0."""
        if self._state == DISCHARGING:
            return self.panel["current"]
        if self._state == CHARGING:
            return -self.panel["current"]
        if self._state == TOPPING:
            return min(max((inner - self.panel["v_high"]) / R0, -self.panel["current"]), 0.0)
        if self._state == DRIVING:
            self._driven += 1
            return self._cycle[(self._driven - 1) % len(self._cycle)]
        return 0.0

    def _live(self) -> None:
        """Let the cell live for one sample time."""
        R0, R1, C1, R2, C2 = self._resistances()
        open_circuit = open_circuit_voltage(self.soc) + HYSTERESIS * self._memory
        current = self._current = self._wanted(open_circuit - self._fast - self._slow, R0)
        charge = current * DT / (SECONDS_PER_HOUR * self._cell.capacity)
        self.soc = min(max(self.soc - charge, 0.0), 1.05)
        side = -math.copysign(1.0, current) if current else self._memory
        self._memory += (side - self._memory) * min(abs(charge) / TURN, 1.0)
        self._fast += (current * R1 - self._fast) * -math.expm1(-DT / (R1 * C1))
        self._slow += (current * R2 - self._slow) * -math.expm1(-DT / (R2 * C2))
        heat = current * (R0 * current + self._fast + self._slow)
        G = G_CELL * (1.0 - 0.8 * self._severities.get("cooling_loss", 0.0))
        self._T += DT * (heat - G * (self._T - self._room)) / C_CELL
        self._room += min(max(self.panel["T_room"] - self._room, -CHAMBER * DT), CHAMBER * DT)
        open_circuit = open_circuit_voltage(self.soc) + HYSTERESIS * self._memory
        self._voltage = open_circuit - self._fast - self._slow - R0 * current

    def _read(self) -> dict[str, float]:
        """Read the sensors."""
        n = self._noise.standard_normal(3).tolist()
        cell = self._cell
        offset = cell.offset + 0.2 * self._severities.get("ammeter_offset", 0.0)
        return {
            "V": round(self._voltage + 0.001 * n[0], 4),
            "I": round(self._current * cell.scale + offset + 0.003 * n[1], 3),
            "T_cell": round(self._T + 0.1 * n[2], 1),
            "state": self._state,
            "alarm": self._alarm,
        }


def true_soc(recording: Recording) -> np.ndarray:
    """Return the true state of charge at each sample of a recording without faults, shape (n,)."""
    station = make_station(recording.made)
    assert isinstance(station, CellTester)
    found = [station.soc]
    for row in recording.table[list(recording.inputs)].to_numpy()[1:]:
        station.write(**dict(zip(recording.inputs, row.tolist(), strict=True)))
        station.step()
        found.append(station.soc)
    return np.array(found)
