"""The machine in this process: time passes only when somebody waits.

This is the back end of grading and of tests. It is exact and repeatable: the same seed and the
same commands give the same recording.
"""

from __future__ import annotations

from collections.abc import Mapping

from millwright_labs.link.link import PlantLink, closed
from millwright_labs.link.station import Described, Made, make_station


class InProcessLink(PlantLink):
    """A link to a station of its own.

    Parameters
    ----------
    made : Made
        The machine.

    Raises
    ------
    LinkError
        There is no such machine.
    """

    def __init__(self, made: Made):
        self._station = make_station(made)
        self._open = True
        super().__init__(Described.of(self._station))
        self.recording.add(self._station.sample())

    @property
    def t(self) -> float:
        """The machine's time (s) at the newest sample."""
        return self._station.sample().t

    def read(self) -> dict[str, float]:
        """Give the newest measurement by tag; a lost one is NaN."""
        return dict(self._station.sample().outputs)

    def _send(self, inputs: Mapping[str, float], faults: Mapping[str, float]) -> None:
        if not self._open:
            raise closed()
        self._station.write(**inputs)
        if faults:
            self._station.fault(**faults)
            self.recording.commands.append((self.recording.last, dict(faults)))

    def _pass(self, samples: int) -> None:
        if not self._open:
            raise closed()
        for _ in range(samples):
            self.recording.add(self._station.step())

    def close(self) -> None:
        """Let go of the machine."""
        self._open = False
