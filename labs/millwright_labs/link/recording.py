"""What a learner measured: every sample, what was commanded, and how the machine was made.

A recording is a table and a few plain values, saved as one CSV file with a head line. Because it
says what machine it came from, it can be run again: the same inputs into the same machine give
the same measurements, bit by bit. That is how a recording is judged without a socket or a clock,
and how an invented one is found.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from millwright_labs.errors import LinkError
from millwright_labs.link.station import Made, Sample, make_station
from millwright_labs.plants.plant import Signal

HEAD = "# millwright recording: "


@dataclass
class Recording:
    """Samples of a station, in order.

    Attributes
    ----------
    made : Made
        The machine.
    dt : float
        Sample time (s).
    units : dict of str to str
        Of every column.
    inputs, outputs : tuple of str
        The columns that were commanded and measured.
    commands : list of (int, dict)
        Faults that the learner switched: after which sample, and to what severities.
    """

    made: Made
    dt: float
    units: dict[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    commands: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    _seqs: list[int] = field(default_factory=list, repr=False)
    _rows: list[list[float]] = field(default_factory=list, repr=False)

    def __len__(self) -> int:
        return len(self._seqs)

    @property
    def last(self) -> int:
        """Sequence number of the newest sample; -1 before the first."""
        return self._seqs[-1] if self._seqs else -1

    def add(self, sample: Sample) -> bool:
        """Append a sample; return False for one that is here already, or older than the last."""
        if sample.seq <= self.last:
            return False
        self._seqs.append(sample.seq)
        self._rows.append(
            [sample.inputs[name] for name in self.inputs]
            + [sample.outputs[name] for name in self.outputs]
        )
        return True

    def forget(self, keep: int) -> None:
        """Drop all but the newest `keep` samples: for whoever watches for months.

        What is dropped is a gap at the start; such a recording cannot be replayed.
        """
        old = max(len(self) - keep, 0)
        del self._seqs[:old], self._rows[:old]

    @property
    def table(self) -> pd.DataFrame:
        """The samples: index `t` (s), columns inputs and outputs, units in ``.attrs``.

        An input's value was applied in the interval that ends at its row's time.
        """
        return self.since(0)

    def since(self, row: int) -> pd.DataFrame:
        """Give the samples from row `row` on, as `table` does."""
        times = pd.Index(np.array(self._seqs[row:], dtype=float) * self.dt, name="t")
        columns = [*self.inputs, *self.outputs]
        data = np.array(self._rows[row:], dtype=float).reshape(len(times), len(columns))
        table = pd.DataFrame(data, index=times, columns=columns)
        table.attrs["units"] = {"t": "s", **self.units}
        table.attrs["plant"] = self.made.station
        return table

    def gaps(self) -> list[tuple[int, int]]:
        """Name the samples that are missing, as (first, last) sequence numbers."""
        return [
            (before + 1, after - 1)
            for before, after in zip([-1, *self._seqs], self._seqs, strict=False)
            if after > before + 1
        ]

    def replay(self) -> Recording:
        """Run the same inputs and faults into the same machine, and record it anew.

        Raises
        ------
        LinkError
            Samples are missing, so that nobody knows what was applied in between.
        """
        if self.gaps():
            first, last = self.gaps()[0]
            raise LinkError(
                f"The recording lacks the samples {first} to {last}. Record without a break, "
                "or let the link fetch what it missed."
            )
        station = make_station(self.made)
        again = Recording(self.made, self.dt, dict(self.units), self.inputs, self.outputs)
        again.commands = [(seq, dict(severities)) for seq, severities in self.commands]
        faults: dict[int, dict[str, float]] = {}
        for seq, severities in self.commands:
            faults.setdefault(seq, {}).update(severities)
        again.add(station.sample())
        for seq, row in zip(self._seqs[1:], self._rows[1:], strict=True):
            if seq - 1 in faults:
                station.fault(**faults[seq - 1])
            station.write(**dict(zip(self.inputs, row, strict=False)))
            again.add(station.step())
        return again

    def differs(self) -> str:
        """Say where the recording differs from its replay; ``""`` where it does not.

        Measurements may differ by one part in a million, as other processors round otherwise.
        """
        if not len(self):
            return "the recording is empty"
        again = self.replay()
        here, there = self.table, again.table
        for name in here.columns:
            scale = max(float(np.nanmax(np.abs(there[name]), initial=0.0)), 1e-9)
            near = np.isclose(here[name], there[name], rtol=0.0, atol=1e-6 * scale, equal_nan=True)
            if not near.all():
                t = here.index[int(np.argmin(near))]
                return f"{name} at t = {t:g} s is not what the machine gave"
        return ""

    def save(self, path: str | Path) -> None:
        """Write the recording as CSV with a head line."""
        head = {
            "station": self.made.station,
            "seed": self.made.seed,
            "case": self.made.case,
            "dt": self.dt,
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "units": self.units,
            "commands": self.commands,
            "samples": len(self),
        }
        rows = self.table.reset_index()
        rows.insert(0, "seq", self._seqs)
        text = (
            HEAD
            + json.dumps(head, ensure_ascii=False)
            + "\n"
            + rows.to_csv(index=False, na_rep="nan")
        )
        Path(path).write_text(text, encoding="utf-8")

    def as_plain(self) -> dict[str, Any]:
        """Return the recording as plain values, for programs that take no object of this class.

        Returns
        -------
        dict
            ``station``, ``seed``, ``case``, ``dt`` (s), ``units`` by tag, ``inputs`` and
            ``outputs`` (names), ``commands`` (faults, as (after which sample, severities)),
            ``seq`` (array (N,)) and ``rows`` (array (N, inputs + outputs)).
        """
        return {
            "station": self.made.station,
            "seed": self.made.seed,
            "case": self.made.case,
            "dt": self.dt,
            "units": dict(self.units),
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "commands": [(seq, dict(severities)) for seq, severities in self.commands],
            "seq": np.array(self._seqs, dtype=int),
            "rows": np.array(self._rows, dtype=float).reshape(
                len(self._seqs), len(self.inputs) + len(self.outputs)
            ),
        }

    @classmethod
    def from_plain(cls, plain: object) -> Recording:
        """Read what `as_plain` returned; what it says of the machine is held against the machine.

        Raises
        ------
        LinkError
            Not a recording, or not one of such a machine: other tags, units or sample time.
        """
        try:
            if not isinstance(plain, Mapping):
                raise ValueError(f"it is of type {type(plain).__name__}")
            made = Made(str(plain["station"]), int(plain["seed"]), str(plain["case"]))
            station = make_station(made)
            recording = start_recording(made, station.dt, station.inputs, station.outputs)
            for name, value in (
                ("dt", recording.dt),
                ("units", recording.units),
                ("inputs", list(recording.inputs)),
                ("outputs", list(recording.outputs)),
            ):
                if plain[name] != value:
                    raise ValueError(f"`{name}` is not that of {made.station}")
            recording.commands = [
                (int(seq), {str(k): float(v) for k, v in severities.items()})
                for seq, severities in plain["commands"]
            ]
            seqs = np.asarray(plain["seq"], dtype=int)
            rows = np.asarray(plain["rows"], dtype=float)
            if seqs.ndim != 1 or rows.shape != (len(seqs), len(recording.units)):
                raise ValueError(f"`rows` has the shape {rows.shape}")
            if len(seqs) and (seqs[0] < 0 or (np.diff(seqs) < 1).any()):
                raise ValueError("samples out of order")
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise LinkError(
                f"This is not a whole recording ({error}). Give what "
                "`plant.recording.as_plain()` returned, unchanged."
            ) from None
        recording._seqs, recording._rows = seqs.tolist(), rows.tolist()
        return recording

    @classmethod
    def load(cls, path: str | Path) -> Recording:
        """Read what `save` wrote.

        Raises
        ------
        LinkError
            No such file, or not a recording, or one that was cut or changed in its form.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise LinkError(f"{path} cannot be read: {error.strerror}. Check the name.") from None
        except UnicodeDecodeError:
            text = ""
        first, _, rest = text.partition("\n")
        try:
            if not first.startswith(HEAD):
                raise ValueError("no head line")
            head = json.loads(first[len(HEAD) :])
            made = Made(str(head["station"]), int(head["seed"]), str(head["case"]))
            commands = [
                (int(seq), {str(k): float(v) for k, v in severities.items()})
                for seq, severities in head["commands"]
            ]
            recording = cls(
                made,
                float(head["dt"]),
                {str(k): str(v) for k, v in head["units"].items()},
                tuple(head["inputs"]),
                tuple(head["outputs"]),
                commands,
            )
            rows = list(csv.DictReader(io.StringIO(rest), strict=True))
            if len(rows) != head["samples"]:
                raise ValueError(f"{head['samples']} samples were saved, {len(rows)} are here")
            for row in rows:
                seq = int(row["seq"])
                sample = Sample(
                    seq,
                    seq * recording.dt,
                    {name: float(row[name]) for name in recording.inputs},
                    {name: float(row[name]) for name in recording.outputs},
                )
                if not recording.add(sample):
                    raise ValueError("samples out of order")
        except (KeyError, TypeError, ValueError, AttributeError, csv.Error) as error:
            raise LinkError(
                f"{path} is not a whole recording ({error}). Take the file as `save` wrote it, "
                "or record again."
            ) from None
        return recording


def start_recording(
    made: Made, dt: float, inputs: Mapping[str, Signal], outputs: Mapping[str, Signal]
) -> Recording:
    """Return an empty recording of a station with these tags."""
    units = {s.name: s.unit for s in (*inputs.values(), *outputs.values())}
    return Recording(made, dt, units, tuple(inputs), tuple(outputs))


def verified(
    plain: object, station: str, seed: int, case: str = "", longest: float = float("inf")
) -> Recording:
    """Return a recording from its plain values, once it has proved to be the machine's own.

    Parameters
    ----------
    plain : dict
        As `Recording.as_plain` gave it.
    station, seed, case
        The machine that it must come from.
    longest : float
        Machine time (s) that is still run again.

    Raises
    ------
    LinkError
        It is no recording, is of another machine, has gaps, is too long, or its values are not
        those that the machine gives to these commands.
    """
    recording = Recording.from_plain(plain)
    wanted = Made(station, seed, case)
    if recording.made != wanted:
        raise LinkError(f"This recording is of {recording.made}. Record {wanted}.")
    if len(recording) * recording.dt > longest + recording.dt:
        raise LinkError(
            f"This recording is longer than {longest:g} s. Start the machine again and record "
            "only the run that is to be judged."
        )
    difference = recording.differs()
    if difference:
        raise LinkError(
            f"This is no recording of the machine: {difference}. Hand in what "
            "`plant.recording.as_plain()` gives, unchanged."
        )
    return recording
