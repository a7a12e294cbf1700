"""A health model at work on a machine's stream."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np

from millwright_labs.edge.model import HealthModel, Verdict
from millwright_labs.errors import EdgeError
from millwright_labs.link.link import PlantLink

#: Judgements whose times are kept.
TIMES = 1000


class Ring:
    """The newest samples, in memory of fixed size.

    Parameters
    ----------
    samples, tags : int
    """

    def __init__(self, samples: int, tags: int):
        # Each sample stands twice, so that the newest ones are always one piece.
        self._twice = np.full((2 * samples, tags), np.nan)
        self._samples = samples
        self.count = 0

    def push(self, row: Sequence[float]) -> None:
        """Take in a sample; the oldest one falls out."""
        place = self.count % self._samples
        self._twice[place] = self._twice[place + self._samples] = row
        self.count += 1

    @property
    def full(self) -> bool:
        """Whether as many samples came as the ring holds."""
        return self.count >= self._samples

    @property
    def window(self) -> np.ndarray:
        """The samples, oldest first, shape (samples, tags). Valid until the next `push`."""
        start = self.count % self._samples
        return self._twice[start : start + self._samples]


class Watch:
    """Judge a machine while it runs.

    Memory does not grow, however long it runs: the link's recording is shortened as it goes.

    Parameters
    ----------
    model : HealthModel
    plant : PlantLink
    stride : int, optional
        Samples between two judgements; default: a window.

    Raises
    ------
    EdgeError
        The machine lacks a tag of the model, or samples at another rate.
    """

    def __init__(self, model: HealthModel, plant: PlantLink, stride: int | None = None):
        purpose = model.purpose
        self.model, self.plant = model, plant
        self.stride = purpose.window if stride is None else stride
        self._tags = [*purpose.inputs, *purpose.outputs]
        self._ring = Ring(purpose.window, len(self._tags))
        self._seconds: deque[float] = deque(maxlen=TIMES)
        lacking = sorted(
            {*purpose.inputs}.difference(plant.inputs)
            | {*purpose.outputs}.difference(plant.outputs)
        )
        if lacking:
            raise EdgeError(
                f"{plant.described.made.station} has no {', '.join(lacking)}, which the model for "
                f"{purpose.station} looks at. Connect to such a machine, or load its own model."
            )
        if not math.isclose(plant.dt, purpose.dt):
            raise EdgeError(
                f"The model was trained on samples every {purpose.dt:g} s; the machine gives one "
                f"every {plant.dt:g} s. Train the model anew."
            )
        if self.stride < 1:
            raise EdgeError(f"The stride must be at least one sample, got {stride!r}.")

    def run(self, seconds: float) -> Iterator[Verdict]:
        """Watch for so much of the machine's time; yield a verdict every `stride` samples."""
        end = self.plant.t + seconds - 0.5 * self.plant.dt
        last = self.plant.t
        while last < end:
            self.plant.wait(self.stride * self.plant.dt)
            recording = self.plant.recording
            table = recording.table
            recording.forget(1)
            table = table[table.index > last + 0.5 * self.plant.dt]
            for t, row in zip(table.index, table[self._tags].to_numpy(), strict=True):
                # Samples that the machine no longer had when the link came back.
                for _ in range(
                    min(round((t - last) / self.plant.dt) - 1, self.model.purpose.window)
                ):
                    self._ring.push([math.nan] * len(self._tags))
                self._ring.push(row)
                last = float(t)
            if self._ring.full:
                began = time.perf_counter()
                verdict = self.model.judge(self._ring.window, last)
                self._seconds.append(time.perf_counter() - began)
                yield verdict

    def latency(self) -> dict[str, float]:
        """Give median and 99th percentile (s) of the newest judgements, and judgements a second."""
        if not self._seconds:
            return {"p50": math.nan, "p99": math.nan, "rate": math.nan}
        p50, p99 = np.percentile(self._seconds, [50, 99])
        return {"p50": float(p50), "p99": float(p99), "rate": 1.0 / float(np.mean(self._seconds))}
