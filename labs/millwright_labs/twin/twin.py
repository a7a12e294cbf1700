"""A digital twin of the live incubator that keeps itself true.

The twin takes samples as a `PlantLink` records them, in blocks of any size (the result does not
depend on how they are cut), and goes round a loop of monitoring, analysis, planning and change:

`LISTENING`
    The filter follows the machine. Two CUSUMs watch the innovation and the difference of the two
    thermometers; every five minutes the free model is compared with the machine.
`ENSURING_ANOMALY`
    Something was odd. If it is again within two minutes, it is an anomaly.
`GATHERING_DATA`
    The filter may change its mind about power and loss quickly. A record is gathered until it says
    enough about the numbers that can have changed.
`CALIBRATING`
    The model is fitted anew, and taken only if it is physical and predicts better.

A new twin starts in `GATHERING_DATA`, to be commissioned: it must see its machine heat and cool
before it can watch it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import pandas as pd
from scipy import stats

from millwright_labs.errors import SignalError, TwinError
from millwright_labs.link.link import PlantLink
from millwright_labs.link.recording import Recording
from millwright_labs.link.station import Described
from millwright_labs.twin import advice, calibration, life, whatif
from millwright_labs.twin.calibration import COMMISSION, RECALIBRATE, Outcome, Task, Window
from millwright_labs.twin.estimator import TRACK, Tuning, track
from millwright_labs.twin.history import DAY, PLACE, History
from millwright_labs.twin.model import Box, follow

STATION = "incubator_live"
TAGS = ("set_point", "T_1", "T_2", "T_room", "heater")

#: Set points (°C) and how long each (s) to commission a twin with: the box must heat and cool.
COMMISSIONING = ((40.0, 3600.0), (30.0, 3600.0), (40.0, 3600.0))

CHECK = 100  # samples, five minutes: how often the slow questions are asked
SETTLE = 40  # samples, two minutes, in which the filter may find its new mind
ENSURE = 40  # samples, two minutes, within which an alarm must come again
GATHER = 400  # samples at least
TRY = 200  # samples: how often a record is looked at while it is gathered
GATHER_MOST = 2400  # samples, two hours, until gathering is given up
HOUR = 1200  # samples
QUARTER = 300  # samples
NIS_WINDOW = 200  # samples
MOST_MISSING = 1200  # samples: after a longer break the twin looks at its machine anew
SYNC_LIMIT = 0.05  # NRMSE of the free model over an hour
LEAST_RANGE = 15.0  # K, from room to set point: an NRMSE is a share of it, or of more once seen
COOL_DOWN = 1200  # samples between a refused calibration and the next for the same cause

# What the filter believes of itself at the start, and after an anomaly (standard deviations).
START_SD = (3.0, 0.5, 0.05, 0.1)
OPEN_SD = (0.5, 0.5, 0.1, 5.0)
#: What two masses err by on sound boxes, over day and set points (rms): the filter, whose band is
#: right for a machine of its own equations, knows nothing of it. Found on simulated boxes.
MODEL_SD = {"T_heater": 1.5, "T_air": 0.15, "power": 0.045, "loss": 0.05}
WEAR = 288  # checks, a day: the heater's power that its life is judged by
# Noise within this factor is as it was; more than the other is no noise.
SAME_NOISE, MOST_NOISE = 1.2, 5.0
# A thermometer is suspected when it is so far (K) from the free model and the other is not.
SUSPECT = 0.4


class State(StrEnum):
    """Where the twin is in its loop."""

    LISTENING = "listening"
    ENSURING_ANOMALY = "ensuring-anomaly"
    GATHERING_DATA = "gathering-data"
    CALIBRATING = "calibrating"


@dataclass(frozen=True)
class Event:
    """Something that the twin did.

    Attributes
    ----------
    t : float
        Time (s) of the machine.
    kind : str
        ``anomaly``, ``calm`` (it did not come again), ``calibration``, ``suspect``, ``gap`` or
        ``restart``.
    cause : str
        Of an anomaly: ``innovation``, ``thermometers`` or ``step`` (out of step). Else ``""``.
    outcome : Outcome or None
        Of a calibration.
    """

    t: float
    kind: str
    cause: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Report:
    """How true the twin is, and what it believes.

    Attributes
    ----------
    t : float
        Time (s) of the machine at the twin's newest sample.
    state : State
    figures : dict of str to float
        NaN is not known.

        - ``T_heater``, ``T_air`` (°C); ``power``, ``loss``, ``coupling`` (of heater and air), as
          shares of what they were at commissioning; all but the last with ``_sd``; ``loss_low``
          is two of them under ``loss``;
        - ``nrmse_one_step``, ``nrmse_free``: over the last hour; ``nis``: over ten minutes, with
          its 95 % band ``nis_low``, ``nis_high``;
        - ``noise``: of the readings, over what it was; ``missing``: share of readings lost in the
          last hour; ``gaps``: samples that never came;
        - ``age`` (s of the machine), ``latency``, ``latency_99`` (s here): how far behind it is;
        - ``disagree``: thermometers apart (0 or 1); ``suspect``: which is wrong (0 unknown);
        - ``anomalies``: so far; ``life``, ``life_low``, ``life_high`` (hours).
    advice : list of Advice
    """

    t: float
    state: State
    figures: dict[str, float]
    advice: list[advice.Advice] = field(default_factory=list)


class Twin:
    """The twin of one machine.

    Parameters
    ----------
    described : Described
        What the machine says of itself (`PlantLink.described`).
    box : Box, optional
        A model that was commissioned before; default: commission a new one.
    tuning : Tuning, optional
    remember : int
        Samples that `history` keeps at least; three hours are kept in any case.

    Attributes
    ----------
    state : State
    box, commissioned : Box
        The model now, and as it was commissioned.
    events : list of Event
    history : History

    Raises
    ------
    TwinError
        The machine is not one that this twin knows.
    """

    def __init__(
        self,
        described: Described,
        box: Box | None = None,
        tuning: Tuning | None = None,
        remember: int = DAY,
    ):
        self._check(described)
        self.described = described
        self.tuning = tuning or Tuning()
        self.box = self.commissioned = box or Box()
        self.task: Task = RECALIBRATE if box else COMMISSION
        self.state = State.LISTENING if box else State.GATHERING_DATA
        self.events: list[Event] = []
        self.history = History(max(remember, self._commissioning))
        self.t = float("nan")
        self.age = 0.0
        self.differs = (0.0, 0.1)
        self.gaps = 0
        self._trust = np.array([True, True])
        self._disagree = False
        #: Noise of the readings, as a multiple of what it was at commissioning; the filter's R.
        self.noise = 1.0
        self._rough = 0.1  # K, mean change of the thermometers' difference from sample to sample
        self._x = np.array([0.0, 0.0, self.box.power, 1.0])
        self._P = np.diag(np.square(START_SD))
        self._cusums = np.zeros((2, 2))
        self._free = np.zeros(2)
        self._free_from = 0  # sample from which the free model has run since it was last changed
        self._held = np.full(2, np.nan)  # T_room, heater of the last sample
        self._since = 0  # samples in this state
        self._odd = -ENSURE - 1  # sample of the last alarm
        self._opened = -QUARTER  # sample at which the filter was told to change its mind
        self._cool = 0  # sample from which being out of step counts again
        self._gathered = 0
        self._range = (np.inf, -np.inf)
        self._wear: deque[tuple[float, float]] = deque(maxlen=WEAR)
        self._recording: Recording | None = None
        self._row = 0  # of the recording, up to which samples were taken
        self._latency: deque[float] = deque(maxlen=1000)

    def _check(self, described: Described) -> None:
        made = described.made
        if made.station != STATION:
            raise TwinError(
                f"This is the twin of {STATION!r}, but at the other end stands {made.station!r}. "
                f"Check the address, or start the machine: `millwright-plant run {STATION}`."
            )
        known = getattr(self, "described", described)
        if made != known.made:
            raise TwinError(
                f"This twin follows unit {known.made.seed}, but at the other end now stands unit "
                f"{made.seed}. Start a new twin for it, so that it is commissioned."
            )

    # -- Monitoring ----------------------------------------------------------------------------

    def follow(self, link: PlantLink, seconds: float) -> Report:
        """Let the machine run for `seconds` of its time, take what it measured, and report."""
        self._check(link.described)
        link.wait(seconds)
        recording = link.recording
        if self._recording is not recording:
            self._recording, self._row = recording, 0
        began = time.monotonic()
        # A live machine goes on between two waits: its samples are taken by their place.
        table = recording.since(self._row)
        self._row += len(table)
        self.take(table)
        self._latency.append(time.monotonic() - began)
        self.age = link.t - self.t
        return self.report()

    def take(self, table: pd.DataFrame) -> None:
        """Take samples, as `PlantLink.wait` and `Recording.since` return them.

        Lost readings are NaN. Rows that are missing count as lost readings.

        Raises
        ------
        TwinError
            A column is missing, or the times are no samples of the machine. Nothing is taken.
        """
        rows = self._rows(table)
        if not len(rows):
            return
        if rows[0, 0] <= self.t:
            # The machine's clock has gone back: it was started anew, maybe cold.
            self._note("restart")
            self._begin(rows[0])
            rows = rows[1:]
        elif self.t != self.t:
            self._begin(rows[0])
            rows = rows[1:]
        self._run(self._filled(rows))

    def _rows(self, table: pd.DataFrame) -> np.ndarray:
        lacking = [name for name in TAGS if name not in table.columns]
        if lacking:
            raise TwinError(
                f"The samples lack {', '.join(lacking)}. Give the table that `PlantLink.wait` "
                "returns."
            )
        rows = np.column_stack((table.index.to_numpy(float), table[list(TAGS)].to_numpy(float)))
        steps = np.diff(rows[:, 0]) / self.described.dt
        if np.any(np.isnan(rows[:, 0])) or np.any(steps < 0.5):
            raise TwinError("The samples are not in the order of time. Give each once.")
        return rows

    def _filled(self, rows: np.ndarray) -> np.ndarray:
        """Put a row of lost readings where samples are missing."""
        if not len(rows):
            return rows
        dt = self.described.dt
        place = np.round((rows[:, 0] - self.t) / dt).astype(int) - 1
        missing = int(place[-1]) + 1 - len(rows)
        if not missing:
            return rows
        self.gaps += missing
        self._note("gap")
        if np.max(np.diff(place, prepend=-1)) > MOST_MISSING:
            # Too long to be bridged by a model whose room nobody has measured.
            first = int(np.argmax(np.diff(place, prepend=-1) > MOST_MISSING))
            self._run(self._filled(rows[:first]))
            self._begin(rows[first])
            return self._filled(rows[first + 1 :])
        whole = np.full((place[-1] + 1, rows.shape[1]), np.nan)
        whole[:, 0] = self.t + dt * np.arange(1, len(whole) + 1)
        whole[place] = rows
        return whole

    def _begin(self, row: np.ndarray) -> None:
        """Start at a sample, knowing nothing of the heater."""
        T = row[2:4][~np.isnan(row[2:4])]
        room = row[4] if row[4] == row[4] else 21.0
        start = float(T.mean()) if len(T) else room
        self.t = float(row[0])
        self._x[:2] = self._free[:] = start
        self._P = np.diag(np.square(START_SD))
        self._cusums[:] = 0.0
        self._held = np.array([room, 0.0])
        self._odd = -ENSURE - 1
        if self.task == COMMISSION:
            self._enter(State.GATHERING_DATA)
        elif self.state is not State.LISTENING:
            self._enter(State.LISTENING)
        self._since = 0

    def _run(self, rows: np.ndarray) -> None:
        done = 0
        while done < len(rows):
            done += self._track(rows[done:])
            self._decide()

    def _track(self, rows: np.ndarray) -> int:
        """Filter rows up to the next alarm or decision; return how many."""
        n = min(len(rows), CHECK - self._since % CHECK)
        if self.state is State.ENSURING_ANOMALY:
            n = min(n, ENSURE - self._since)
        lagging = self._opened + QUARTER - self.history.count
        if lagging > 0:
            n = min(n, lagging)
        rows = rows[:n]
        room, heater = (_held(rows[:, 4 + i], self._held[i]) for i in range(2))
        out = np.empty((n, len(TRACK)))
        # A twin that is not commissioned yet has no right to be alarmed.
        tuning = self.tuning.numbers()
        if self.task == COMMISSION:
            tuning = tuning._replace(threshold=np.inf, threshold_differs=np.inf)
        elif self._disagree or lagging > 0:
            # While the box changes quickly, the slower thermometer lags behind.
            tuning = tuning._replace(slack_differs=np.inf)
        tuning = tuning._replace(reading=tuning.reading * self.noise)
        y = np.ascontiguousarray(rows[:, 2:4])
        dt, p = self.described.dt, self.box.numbers()
        n = track(
            self._x, self._P, self._cusums[0], self._cusums[1], heater, room, y,
            self._trust, (self.differs[0], self.differs[1] * self.noise), dt, p, tuning, out,
        )  # fmt: skip
        free = follow(self._free[0], self._free[1], heater[:n], room[:n], dt, p)
        self._free = free[-1].copy()
        self._held = np.array([room[n - 1], heater[n - 1]])
        self.t = float(rows[n - 1, 0])
        self._since += n
        kept = np.column_stack((rows[:n], free[:, 1], out[:n]))
        self.history.extend(kept)
        T = kept[:, PLACE["T_1"] : PLACE["T_2"] + 1]
        if not np.isnan(T).all():
            self._range = (min(self._range[0], np.nanmin(T)), max(self._range[1], np.nanmax(T)))
        return n

    # -- Analysis ------------------------------------------------------------------------------

    def _decide(self) -> None:
        levels = self._cusums.max(axis=1)
        if self.task != COMMISSION:
            if levels[0] > self.tuning.threshold:
                self._alarm()
            elif levels[1] > self.tuning.threshold_differs and not self._disagree:
                self._cusums[1] = 0.0
                # More noise than usual adds up as well, but has no mean.
                apart = np.nanmean(self._apart(CHECK)) - self.differs[0]
                if abs(apart) > self.differs[1]:
                    self._disagree = True
                    self._note("anomaly", "thermometers")
        if self.state is State.ENSURING_ANOMALY and self._since >= ENSURE:
            self._note("calm")
            self._enter(State.LISTENING)
        if self._since and self._since % CHECK == 0:
            self._slow()

    def _alarm(self) -> None:
        self._cusums[0] = 0.0
        now = self.history.count
        if now - self._opened < SETTLE:
            return
        again = now - self._odd <= ENSURE
        self._odd = now
        if not again:
            if self.state is State.LISTENING:
                self._enter(State.ENSURING_ANOMALY)
            return
        self._odd = -ENSURE - 1
        self._opened = now
        self._note("anomaly", "innovation")
        # The factors may now be anything physical.
        self._P = np.diag(np.maximum(np.diag(self._P), np.square(OPEN_SD)))
        self._gather()

    def _slow(self) -> None:
        """Ask the questions that come up every five minutes."""
        if self.task != COMMISSION and self.history.count - self._opened > HOUR:
            self._wear.append((self.t, float(self._x[2])))
        if self.state is State.GATHERING_DATA:
            self._gathered = self._since
            least = self._commissioning if self.task == COMMISSION else GATHER
            if self._gathered >= least and self._gathered % TRY == 0:
                self._calibrate()
            return
        if self.state is not State.LISTENING:
            return
        if self._disagree and self._trust.all():
            self._find_suspect()
        elif (
            self._since >= HOUR
            and self.history.count >= self._cool
            # With a wrong thermometer the machine is not out of step, its picture is.
            and not self._disagree
            and self._nrmse("free", HOUR) > SYNC_LIMIT
        ):
            self._note("anomaly", "step")
            self._gather()

    def _find_suspect(self) -> None:
        """Let the free model decide which of two thermometers is wrong."""
        last = self.history.last(NIS_WINDOW)
        free = last[:, PLACE["free"]]
        half = self.differs[0] / 2
        off = [
            abs(float(np.nanmean(last[:, PLACE[name]] - free + sign * half)))
            for name, sign in (("T_1", -1), ("T_2", 1))
        ]
        worse = int(np.argmax(off))
        if off[worse] > SUSPECT and off[worse] > 2 * off[1 - worse]:
            self._trust[worse] = False
            self._cusums[0] = 0.0
            self._P = np.diag(np.maximum(np.diag(self._P), np.square((1.0, 1.0, 0.05, 0.1))))
            self._note("suspect")

    # -- Planning and change -------------------------------------------------------------------

    def _gather(self) -> None:
        self._gathered = 0
        self._enter(State.GATHERING_DATA)

    def _window(self, n: int) -> Window:
        rows = self.history.last(n)
        T = rows[:, [PLACE["T_1"], PLACE["T_2"]]].copy()
        T[:, 0] -= self.differs[0] / 2
        T[:, 1] += self.differs[0] / 2
        T[:, ~self._trust] = np.nan
        held = pd.DataFrame(rows[:, [PLACE["T_room"], PLACE["heater"]]]).ffill().bfill()
        there = ~np.isnan(T).all(axis=1)
        mean = np.full(len(T), np.nan)
        mean[there] = np.nanmean(T[there], axis=1)
        return Window(held[1].fillna(0.0).to_numpy(), held[0].to_numpy(), mean, self.described.dt)

    def _calibrate(self) -> None:
        if self.task == COMMISSION:
            self._measure_difference()
        else:
            noise = self._roughness(self._gathered) / self._rough
            self.noise = float(np.clip(noise, 1.0, MOST_NOISE)) if noise > SAME_NOISE else 1.0
        window = self._window(self._gathered)
        believed = None
        if self.task == RECALIBRATE:
            power, loss = self._x[2:].tolist()
            believed = replace(self.box, power=max(power, 0.05), G_box=loss * self.box.G_box)
        outcome = calibration.calibrate(self.box, window, self.task, self.commissioned, believed)
        waiting = outcome.reason in ("short", "not-excited")
        if self.task == COMMISSION:
            # A twin that has not seen its machine heat and cool goes on looking.
            waiting = not outcome.accepted
        if waiting and (self.task == COMMISSION or self._gathered < GATHER_MOST):
            return
        self._enter(State.CALIBRATING)
        self.events.append(Event(self.t, "calibration", "", outcome))
        if outcome.accepted:
            # The filter's belief is newer than the record: it stays, only its scale changes.
            self._x[3] *= self.box.G_box / outcome.box.G_box
            self.box = outcome.box
            if self.task == COMMISSION:
                self._x[2:] = 1.0, 1.0
                self._P = np.diag(np.square((0.5, 0.2, 0.03, 0.03)))
                self.commissioned, self.task = self.box, RECALIBRATE
        else:
            self._cool = self.history.count + COOL_DOWN
        self._cusums[:] = 0.0
        self._free = self._x[:2].copy()
        self._free_from = self.history.count
        self._enter(State.LISTENING)

    @property
    def _commissioning(self) -> int:
        return round(sum(seconds for _, seconds in COMMISSIONING) / self.described.dt)

    def _apart(self, samples: int) -> np.ndarray:
        return self.history.column("T_1", samples) - self.history.column("T_2", samples)

    def _roughness(self, samples: int) -> float:
        """Return how much the thermometers' difference changes from sample to sample (K)."""
        change = np.abs(np.diff(self._apart(samples)))
        change = change[~np.isnan(change)]
        return float(change.mean()) if len(change) > CHECK / 2 else self._rough

    def _measure_difference(self) -> None:
        apart = self._apart(self._gathered)
        apart = apart[~np.isnan(apart)]
        if len(apart) > QUARTER:
            self.differs = (float(apart.mean()), float(apart.std()))
            self._rough = self._roughness(self._gathered)

    def commission(self, link: PlantLink, rest: float = 35.0) -> Report:
        """Drive the machine through `COMMISSIONING` and leave it at the set point `rest` (°C)."""
        for set_point, seconds in COMMISSIONING:
            link.write(set_point=set_point)
            self.follow(link, seconds)
        link.write(set_point=rest)
        return self.follow(link, self.described.dt * CHECK)

    def _enter(self, state: State) -> None:
        self.state, self._since = state, 0

    def _note(self, kind: str, cause: str = "") -> None:
        self.events.append(Event(self.t, kind, cause))

    # -- What the twin says ----------------------------------------------------------------------

    def _nrmse(self, column: str, samples: int) -> float:
        """Return the error of a prediction as a share of the range that the machine has seen."""
        if column == "free":
            samples = min(samples, self.history.count - self._free_from)
        rows = self.history.last(samples)
        if column == "innovation":
            error = rows[:, PLACE["innovation"]]
        else:
            T = rows[:, [PLACE["T_1"], PLACE["T_2"]]] + [-self.differs[0] / 2, self.differs[0] / 2]
            T = T[:, self._trust]
            there = ~np.isnan(T).all(axis=1)
            error = np.nanmean(T[there], axis=1) - rows[there, PLACE[column]]
        error = error[~np.isnan(error)]
        if not len(error):
            return float("nan")
        span = max(self._range[1] - self._range[0], LEAST_RANGE)
        return float(np.sqrt(np.mean(error**2)) / span)

    def report(self) -> Report:
        """Say how true the twin is, and what it believes."""
        x, sd = self._x, np.sqrt(np.diag(self._P))
        rows = self.history.last(NIS_WINDOW)
        used = float(rows[:, PLACE["used"]].sum())
        band = stats.chi2(used).ppf((0.025, 0.975)) / len(rows) if used else (np.nan, np.nan)
        nis = np.nansum(rows[:, PLACE["nis"]]) / len(rows) if used else float("nan")
        hour = self.history.last(HOUR)
        left = self.remaining_life()
        share = self.box.G_box / self.commissioned.G_box
        figures = {
            "T_heater": float(x[0]),
            "T_heater_sd": float(np.hypot(sd[0], MODEL_SD["T_heater"])),
            "T_air": float(x[1]),
            "T_air_sd": float(np.hypot(sd[1], MODEL_SD["T_air"])),
            "power": float(x[2]),
            "power_sd": float(np.hypot(sd[2], MODEL_SD["power"])),
            "loss": float(x[3]) * share,
            "loss_sd": float(np.hypot(sd[3], MODEL_SD["loss"] * x[3])) * share,
            "loss_low": (float(x[3]) - 2 * float(np.hypot(sd[3], MODEL_SD["loss"] * x[3]))) * share,
            "coupling": self.box.G_heater / self.commissioned.G_heater,
            "nrmse_one_step": self._nrmse("innovation", HOUR),
            "nrmse_free": self._nrmse("free", HOUR),
            "nis": float(nis),
            "nis_low": float(band[0]),
            "nis_high": float(band[1]),
            "noise": self._roughness(QUARTER) / self._rough,
            "missing": float(np.isnan(hour[:, 2:4]).mean()) if len(hour) else float("nan"),
            "gaps": float(self.gaps),
            "age": self.age,
            "latency": float(np.median(self._latency)) if self._latency else float("nan"),
            "latency_99": (
                float(np.quantile(self._latency, 0.99)) if self._latency else float("nan")
            ),
            "disagree": float(self._disagree),
            "suspect": 0.0 if self._trust.all() else 1.0 + float(np.argmin(self._trust)),
            "anomalies": float(sum(event.kind == "anomaly" for event in self.events)),
            "life": _known(left.hours if left else None),
            "life_low": _known(left.low if left else None),
            "life_high": _known(left.high if left else None),
        }
        # Before it is commissioned, a twin has nothing to say about its machine.
        told = advice.advise(figures) if self.task != COMMISSION else []
        return Report(self.t, self.state, figures, told)

    def remaining_life(self) -> life.Life | None:
        """Extrapolate the heater's power, as estimated while the filter was settled."""
        if not self._wear:
            return None
        t, power = np.array(self._wear).T
        return life.remaining(t, power)

    def what_if(
        self,
        set_point: float,
        hours: float,
        loss: float | None = None,
        power: float | None = None,
    ) -> whatif.Future:
        """Run a copy of the twin ahead; the twin itself is not touched.

        Parameters
        ----------
        set_point : float
            In °C.
        hours : float
            How far, up to 48.
        loss, power : float, optional
            As shares of what they were at commissioning (1: lid closed, new heater); default: as
            they are believed to be now.

        Raises
        ------
        SignalError
            The set point is outside the machine's limits, or the time is not from 0 to 48 hours.
        """
        signal = self.described.inputs["set_point"]
        if not signal.low <= set_point <= signal.high:
            raise SignalError(
                f"The set point must be from {signal.low:g} to {signal.high:g} {signal.unit}, "
                f"got {set_point!r}."
            )
        if not 0.0 < hours <= 48.0:
            raise SignalError(f"Look from 0 to 48 hours ahead, got {hours!r}.")
        if loss is not None:
            loss = loss * self.commissioned.G_box / self.box.G_box
        P = self._P + np.diag(np.square(list(MODEL_SD.values())))
        return whatif.ahead(
            self._x.copy(), P, self.box, float(self._held[0]),
            self.described.dt, set_point, hours, loss, power,
        )  # fmt: skip


def _held(given: np.ndarray, before: float) -> np.ndarray:
    """Keep the last value where one is lost."""
    lost = np.isnan(given)
    if not lost.any():
        return given.copy()
    place = np.maximum.accumulate(np.where(lost, -1, np.arange(len(given))))
    return np.where(place < 0, before, given[place])


def _known(value: float | None) -> float:
    return float("nan") if value is None else value


@dataclass(frozen=True)
class Score:
    """How well faults were noticed, where it is known when they began.

    Attributes
    ----------
    delays : dict of float to (float or None)
        By the time (s) a fault began: seconds until an anomaly was ensured; None if it never was.
    false_alarms : int
        Anomalies without a fault.
    """

    delays: Mapping[float, float | None]
    false_alarms: int


def score(events: Sequence[Event], faults: Sequence[tuple[float, float]]) -> Score:
    """Compare a twin's anomalies with what was done to the machine.

    Parameters
    ----------
    events : sequence of Event
        `Twin.events`.
    faults : sequence of (float, float)
        When (s) each fault began, and until when an anomaly is due to it: a box whose lid was
        closed again is cold, and a model fitted meanwhile is wrong.
    """
    times = [event.t for event in events if event.kind == "anomaly"]
    delays = {
        began: next((t - began for t in times if began < t <= ended), None)
        for began, ended in faults
    }
    false = [t for t in times if not any(began < t <= ended for began, ended in faults)]
    return Score(delays, len(false))
