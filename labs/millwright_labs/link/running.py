"""A station whose time passes by itself: what a server of any protocol serves.

- The plant's clock follows the computer's clock times `speed`, counted from the start, so that it
  never drifts. A computer that was held up computes what it missed.
- The newest `kept` samples stay at hand, so that whoever lost a connection fetches what passed.
- A command says after which sample it was taken; it is part of every sample from the next one on.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import numpy as np

from millwright_labs.errors import LinkError
from millwright_labs.link.station import Sample, Station

#: Samples that are kept: a quarter of an hour of a plant with 1 kHz.
KEPT = 1_000_000

#: Samples are made and published in blocks, this often (s) and at most this many at once.
BLOCK_SECONDS = 0.02
BLOCK_SAMPLES = 1000

#: A block takes at most this long to compute (s); clients are served in between.
COMPUTE_SECONDS = 0.01


@dataclass(frozen=True)
class Block:
    """Samples that follow one another, and the faults that were switched in between.

    Attributes
    ----------
    first : int
        Sequence number of the first sample.
    values : list of float
        One sample after the other: its inputs, then its outputs, in the station's order.
    faults : list of (int, dict)
        After which sample, and to what severities. The first may precede `first` by one.
    """

    first: int
    values: list[float]
    faults: list[tuple[int, dict[str, float]]]


def samples_of(
    block: Block, dt: float, inputs: Mapping[str, object], outputs: Mapping[str, object]
) -> list[Sample]:
    """Take a block apart."""
    n, width = len(inputs), len(inputs) + len(outputs)
    samples = []
    for i in range(len(block.values) // width):
        row = block.values[i * width : (i + 1) * width]
        seq = block.first + i
        samples.append(
            Sample(
                seq,
                seq * dt,
                dict(zip(inputs, row[:n], strict=True)),
                dict(zip(outputs, row[n:], strict=True)),
            )
        )
    return samples


class Running:
    """A station at work.

    Parameters
    ----------
    station : Station
        The machine; from now on only to be touched through this class.
    speed : float
        Plant seconds in a second.
    kept : int
        Samples that stay at hand.

    Attributes
    ----------
    listeners : list of callables
        Each is awaited with every new `Block`, in order.

    Raises
    ------
    LinkError
        `speed` is not a positive number.
    """

    def __init__(self, station: Station, speed: float = 1.0, kept: int = KEPT):
        if not 0.0 < speed < math.inf:
            raise LinkError(f"The speed must be a number above 0, got {speed!r}.")
        self.station, self.speed, self.kept = station, speed, kept
        self.listeners: list[Callable[[Block], Awaitable[None]]] = []
        self.began = time.time()
        self._width = len(station.inputs) + len(station.outputs)
        # Taken from the system page by page, as it fills.
        self._rows = np.empty((kept, self._width))
        self._faults: list[tuple[int, dict[str, float]]] = []
        self._keep(station.sample())

    def _keep(self, sample: Sample) -> None:
        self.last = sample.seq
        self._rows[sample.seq % self.kept] = [*sample.inputs.values(), *sample.outputs.values()]

    def due(self, seq: int) -> float:
        """Say when a sample is due, as `time.time` counts."""
        return self.began + seq * self.station.dt / self.speed

    def samples(self, first: int, count: int) -> Block:
        """Give samples again, from `first` or from the oldest that is at hand."""
        first = max(first, 0, self.last - self.kept + 1)
        seqs = np.arange(first, min(first + count, self.last + 1))
        faults = [entry for entry in self._faults if first - 1 <= entry[0] < first + len(seqs) - 1]
        return Block(first, self._rows[seqs % self.kept].ravel().tolist(), faults)

    def write(self, **inputs: float) -> int:
        """Set inputs; return the last sample without them. Raises as `Station.write`."""
        self.station.write(**inputs)
        return self.last

    def fault(self, **severities: float) -> int:
        """Switch faults; return the last sample without them. Raises as `Station.fault`."""
        self.station.fault(**severities)
        self._faults.append((self.last, dict(severities)))
        return self.last

    async def run(self) -> None:
        """Let the plant's time pass, until cancelled."""
        began = time.monotonic()
        self.began = time.time()
        while True:
            due = int((time.monotonic() - began) * self.speed / self.station.dt)
            if due > self.last:
                await self._advance(due)
            next_due = began + (self.last + 1) * self.station.dt / self.speed
            late = due > self.last
            wait = max(next_due - time.monotonic(), BLOCK_SECONDS)
            await asyncio.sleep(0.0 if late else wait)

    async def _advance(self, due: int) -> None:
        """Make the samples up to number `due`, or as many as fit in one block."""
        first = self.last + 1
        until = time.monotonic() + COMPUTE_SECONDS
        while self.last < min(due, first + BLOCK_SAMPLES - 1):
            self._keep(self.station.step())
            if time.monotonic() > until:
                break
        block = self.samples(first, self.last + 1 - first)
        for listener in self.listeners:
            await listener(block)
