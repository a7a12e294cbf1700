"""A milling station at work: parts, cuts, tools that wear, and what the machine shows of it.

Each part is roughed and finished, with cuts in the air before, between and after. The tool's
flank wears with the time in the cut: quickly at first, then steadily, then ever faster. Wear
cannot be read while the machine cuts; a microscope reads it between parts and costs two minutes.
What can be read all the time are spindle power, feed force and vibration, and each of them moves
for other reasons, too: the spindle warms up, blanks differ in hardness, lots of blanks more so,
and chips knock against the sensor.

No two tools last alike, and no two machines read alike: the seed says which stands here. Parts cut
with more flank wear than `VB_LIMIT` are rejected by the measuring room, which reports five parts
later. A tool that is worn far beyond breaks. A machine that waits wears nothing.
"""

from __future__ import annotations

import math

import numpy as np

from millwright_labs.link.recording import Recording
from millwright_labs.link.station import Made
from millwright_labs.link.stations.panel import OwnStation
from millwright_labs.plants.plant import Signal

#: Sample time (s).
DT = 0.5

#: What `order` asks for; each is taken when the tag leaves 0.
NOTHING, MAKE, MEASURE, CHANGE = 0, 1, 2, 3

#: What `phase` says.
IDLE, AIR, ROUGHING, FINISHING, SERVICE = 0.0, 1.0, 2.0, 3.0, 4.0

#: One part: phases and their times (s) at a feed of 100 %.
PROGRAM = ((AIR, 4.0), (ROUGHING, 14.0), (AIR, 4.0), (FINISHING, 8.0), (AIR, 4.0))

#: Times (s) of microscope and tool change.
SERVICE_TIME = {MEASURE: 120.0, CHANGE: 60.0}

#: Specific cutting force (N/mm²), width of cut (mm), feed at 100 % (mm/min), depth when
#: finishing (mm): typical of end milling of a carbon steel with a tool of 50 mm.
KC, WIDTH, FEED, FINISH_DEPTH = 2100.0, 50.0, 600.0, 0.3

#: Spindle power (kW) and feed force (N) at which the machine stops.
POWER_LIMIT, FORCE_LIMIT = 4.0, 1800.0

#: Flank wear (mm): largest for a good part (ISO 8688-2), and where a tool breaks.
VB_LIMIT, VB_BREAK = 0.30, 0.60

#: Steady wear (mm/s) of an average tool at 1.5 mm and 100 %: 0.3 mm after some 25 parts.
STEADY = 5.2e-4

#: The measuring room reports so many parts later.
REPORT = 5

#: Parts to a lot of blanks.
LOT = 12

OVERLOAD, BROKEN = 1.0, 2.0

FAULTS = {
    "loose_sensor": "vibration sensor reads half as much",
    "blunt_lot": "tools wear three times as fast (a bad delivery)",
}

_PANEL = (
    (Signal("order", "1", "0 none, 1 make a part, 2 measure wear, 3 change tool", 0.0, 3.0), 0.0),
    (Signal("feed", "%", "override of the feed", 50.0, 150.0), 100.0),
    (Signal("depth", "mm", "depth of the roughing cut", 0.5, 5.0), 1.5),
)

_OUTPUTS = (
    Signal("power", "kW", "spindle power", 0.0, POWER_LIMIT),
    Signal("force", "N", "feed force, from the current of the axis", 0.0, FORCE_LIMIT),
    Signal("vibration", "m/s²", "effective value at the spindle head", 0.0, 50.0),
    Signal("phase", "1", "0 idle, 1 air, 2 roughing, 3 finishing, 4 service", 0.0, 4.0),
    Signal("part", "count", "part in work, or the last one", 0.0, math.inf),
    Signal("tool", "count", "tool in the spindle", 1.0, math.inf),
    Signal("wear_read", "mm", "flank wear by microscope, 0 until it is measured", 0.0, 1.0),
    Signal("rejected", "count", "parts that the measuring room has rejected", 0.0, math.inf),
    Signal("alarm", "1", "0 none, 1 overload, 2 tool broken", 0.0, 2.0),
)


def rng_of(kind: int, seed: int, number: int = 0) -> np.random.Generator:
    """Give random numbers of their own to one tool, blank, lot or machine."""
    return np.random.default_rng([5103, kind, seed, number])


class CncMachining(OwnStation):
    """A milling station. `wear` (mm) is the truth that no tag shows."""

    def __init__(self, made: Made):
        super().__init__(made, DT, _PANEL, _OUTPUTS, FAULTS)

        machine = rng_of(0, made.seed)
        # How this machine reads force and vibration, and what its idle spindle takes.
        self._force_gain, self._vibration_gain, self._idle_power = machine.uniform(
            [0.9, 0.8, 0.55], [1.1, 1.25, 0.75]
        ).tolist()
        self._noise = rng_of(1, made.seed)
        self.wear = 0.0
        self._tool, self._part = 0, 0
        self._new_tool()
        self._blank = 1.0
        self._taken = NOTHING
        self._work: list[tuple[float, float]] = []
        self._in_phase = 0.0
        self._service = NOTHING
        self._warmth = 0.0
        self._bad: list[int] = []
        self._wear_read = self._alarm = 0.0
        self._values = self._signals(IDLE, 1.0)

    def advance(self) -> dict[str, float]:
        """Let one sample time pass; return what is read then."""
        self._take_order()
        phase, engaged = self._advance()
        return self._signals(phase, engaged)

    @property
    def busy(self) -> bool:
        """Whether a part or a service is going on."""
        return bool(self._work)

    def _take_order(self) -> None:
        order = math.floor(self.panel["order"] + 0.5)
        asked, self._taken = order if self._taken == NOTHING else NOTHING, order
        if asked == NOTHING or self._work:
            return
        if asked == MAKE:
            if self._alarm == NOTHING:
                self._begin_part()
        else:
            self._service = asked
            self._work = [(SERVICE, SERVICE_TIME[asked])]
            self._in_phase = 0.0

    def _begin_part(self) -> None:
        self._part += 1
        lot = rng_of(3, self.made.seed, (self._part - 1) // LOT).normal(0.0, 0.02)
        self._blank = math.exp(lot + rng_of(4, self.made.seed, self._part).normal(0.0, 0.012))
        self._work = list(PROGRAM)
        self._in_phase = 0.0

    def _new_tool(self) -> None:
        self._tool += 1
        self.wear = 0.0
        self._rate = math.exp(rng_of(2, self.made.seed, self._tool).normal(0.0, 0.25))

    def _advance(self) -> tuple[float, float]:
        """Let work go on; return phase and how far the tool is engaged (0 to 1)."""
        # Warm after a quarter of an hour of running spindle, cold again as slowly.
        turning = bool(self._work) and self._work[0][0] != SERVICE
        self._warmth += ((1.0 if turning else 0.0) - self._warmth) * DT / 900.0
        if not self._work:
            return IDLE, 0.0
        phase, whole = self._work[0]
        cutting = phase in (ROUGHING, FINISHING)
        self._in_phase += DT * (self.panel["feed"] / 100.0 if cutting else 1.0)
        engaged = 0.0
        if cutting:
            # The tool enters and leaves the blank within a second.
            engaged = min(self._in_phase, whole - self._in_phase + DT, 1.0)
            engaged = max(engaged, 0.2)
            self._wear_on(phase, engaged)
        if self._work and self._in_phase >= whole - 1e-9:
            self._work.pop(0)
            self._in_phase = 0.0
            if not self._work:
                self._finish(phase)
        return phase, engaged

    def _wear_on(self, phase: float, engaged: float) -> None:
        feed = self.panel["feed"] / 100.0
        depth = self.panel["depth"] / 1.5 if phase == ROUGHING else FINISH_DEPTH / 1.5
        late = max(self.wear - 0.25, 0.0) / 0.1
        course = 1.0 + 3.0 * math.exp(-self.wear / 0.03) + late * late
        harder = 1.0 + 2.0 * self._severities.get("blunt_lot", 0.0)
        rate = STEADY * self._rate * harder * self._blank**2 * feed**1.5 * depth**0.3
        self.wear += rate * course * engaged * DT
        if self.wear > VB_BREAK:
            self._alarm = BROKEN
            self._work = []

    def _finish(self, phase: float) -> None:
        if phase != SERVICE:
            if self.wear > VB_LIMIT:
                self._bad.append(self._part)
        elif self._service == MEASURE:
            reading = self.wear + 0.006 * float(self._noise.standard_normal())
            self._wear_read = round(max(reading, 0.005), 3)
        else:
            self._new_tool()
            self._wear_read = self._alarm = 0.0

    def _signals(self, phase: float, engaged: float) -> dict[str, float]:
        n = self._noise.standard_normal(3).tolist()
        knock = float(self._noise.random())
        feed, warm = self.panel["feed"] / 100.0, self._warmth
        depth = {ROUGHING: self.panel["depth"], FINISHING: FINISH_DEPTH}.get(phase, 0.0)
        # Chips take force by their section, the worn flank by its width, whatever the depth.
        chip = KC * self._blank * depth * WIDTH * FEED * feed / 6e7
        edge = self.wear * self._blank * (1.0 + 0.5 * depth) * feed**0.3
        power = force = vibration = 0.0
        if phase not in (IDLE, SERVICE):
            power = self._idle_power + 0.3 * math.exp(-3.0 * warm) + 0.02 * n[0]
            force = 55.0 - 20.0 * warm + 6.0 * n[1]
            vibration = 0.6 + 0.2 * warm
        power += engaged * (chip + 0.9 * edge)
        force += engaged * (330.0 * chip + 60.0 * depth + 420.0 * edge)
        vibration += engaged * (0.9 + 0.5 * depth + 7.0 * self.wear**1.3) * feed
        vibration *= self._vibration_gain * (1.0 + 0.06 * n[2])
        if engaged and knock < 0.02:
            vibration += 400.0 * knock
        vibration *= 1.0 - 0.5 * self._severities.get("loose_sensor", 0.0)
        force *= self._force_gain
        if power > POWER_LIMIT or force > FORCE_LIMIT:
            self._alarm = max(self._alarm, OVERLOAD)
            self._work = []
        reported = sum(1 for part in self._bad if part <= self._part - REPORT)
        return {
            "power": round(max(power, 0.0), 3),
            "force": round(max(force, 0.0), 1),
            "vibration": round(max(vibration, 0.0), 3),
            "phase": phase,
            "part": float(self._part),
            "tool": float(self._tool),
            "wear_read": self._wear_read,
            "rejected": float(reported),
            "alarm": self._alarm,
        }


def wear_of(recording: Recording) -> list[tuple[int, int, float]]:
    """Give what no tag shows: part, tool and true wear (mm) at the end of each part."""
    station = CncMachining(recording.made)
    faults: dict[int, dict[str, float]] = {}
    for seq, severities in recording.commands:
        faults.setdefault(seq, {}).update(severities)
    table = recording.table[list(recording.inputs)]
    found = []
    for seq, row in enumerate(table.to_numpy().tolist()[1:]):
        station.fault(**faults.get(seq, {}))
        station.write(**dict(zip(table.columns, row, strict=True)))
        before = station.busy
        station.step()
        if before and not station.busy and station.sample().outputs["phase"] != SERVICE:
            found.append((station._part, station._tool, station.wear))
    return found
