"""What the twin remembers: one row a sample, for a day."""

from __future__ import annotations

import numpy as np

from millwright_labs.twin.estimator import TRACK

#: Columns of a row: time (s), what came from the machine, what the free model says, `TRACK`.
COLUMNS = ("t", "set_point", "T_1", "T_2", "T_room", "heater", "free", *TRACK)
PLACE = {name: place for place, name in enumerate(COLUMNS)}

DAY = 28_800  # samples of 3 s


class History:
    """The newest rows, at least `least` of them once there were so many; bounded in memory."""

    def __init__(self, least: int = DAY):
        self._least = least
        self._rows = np.empty((2 * least, len(COLUMNS)))
        self._used = 0
        #: Rows since the beginning.
        self.count = 0

    def extend(self, rows: np.ndarray) -> None:
        """Append rows, shape (n, len(COLUMNS))."""
        for k in range(0, len(rows), self._least):
            part = rows[k : k + self._least]
            if self._used + len(part) > len(self._rows):
                self._rows[: self._least] = self._rows[self._used - self._least : self._used]
                self._used = self._least
            self._rows[self._used : self._used + len(part)] = part
            self._used += len(part)
            self.count += len(part)

    def last(self, n: int) -> np.ndarray:
        """Give the newest `n` rows, or as many as there are; a view, not to be changed."""
        return self._rows[max(0, self._used - n) : self._used]

    def column(self, name: str, n: int = 2 * DAY) -> np.ndarray:
        """Give a copy of the newest `n` entries of a column."""
        return self.last(n)[:, PLACE[name]].copy()
