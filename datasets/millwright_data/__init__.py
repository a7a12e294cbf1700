"""Industrial data sets: catalogue, download, verification, loading.

::

    from millwright_data import load

    lives = load("ball-bearing-lives")
    engine = load("cmapss", part="train_FD001")
    engine.attrs["units"]["t30"]

`load` promises: the raw file's size and SHA-256 are those of the data set's card; the
values are the publisher's, unconverted; the column names are lower-case ASCII words that
the card explains; ``.attrs`` carries units, constants and the facts of the card as plain
values.  Each call returns a new table.

Raw files come from the cache (``MILLWRIGHT_DATA_CACHE``), else from a mirror
(``MILLWRIGHT_DATA_MIRROR``: a folder or an http address), else from their official
address where a stable one is known.  See `millwright_data.store`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from millwright_data import cards, store
from millwright_data.cards import Card, card
from millwright_data.errors import (
    CacheError,
    CardError,
    DamagedFileError,
    DataError,
    NotAvailableError,
    UnknownDataSetError,
    UnknownPartError,
)
from millwright_data.store import FileState, Progress

if TYPE_CHECKING:  # the command line starts without waiting for pandas
    import pandas as pd

# `list` is left out: a star import should not replace Python's own.
__all__ = [
    "CacheError",
    "Card",
    "CardError",
    "DamagedFileError",
    "DataError",
    "FileState",
    "NotAvailableError",
    "UnknownDataSetError",
    "UnknownPartError",
    "card",
    "fetch",
    "load",
    "parts",
    "verify",
]


def load(id: str, part: str | None = None) -> pd.DataFrame:
    """Return one part of a data set as a table.

    Parameters
    ----------
    id : str
        The data set, for example ``"cmapss"``; `list` shows all.
    part : str, optional
        The part, for example ``"train_FD001"``; `parts` shows them.  May be left out where
        the data set has one part or a natural default.

    Returns
    -------
    pandas.DataFrame
        Tidy columns; a single record with a known sampling time is indexed by time.
        ``.attrs["units"]`` maps each column, the index and each constant to its unit,
        ``.attrs["constants"]`` holds scalar values of the raw file and
        ``.attrs["card"]`` the facts of the card (kind, licence, citation, known
        faults, ...).

    Raises
    ------
    UnknownDataSetError, UnknownPartError
        The message lists what there is.
    NotAvailableError, DamagedFileError, CacheError
        The raw file is not here and could not be had; the message says what to do.
    """
    from millwright_data import readers

    found = card(id)
    table, chosen = found.part(part)
    paths = {file.name: store.locate(found, file) for file in found.files_of(chosen)}
    return readers.read(found, table, chosen, paths)


def parts(id: str) -> dict[str, str]:
    """Return the parts of a data set: name and one-line description."""
    found = card(id)
    return {name: part.title or found.title for name, part in found.parts.items()}


def fetch(id: str, progress: Progress | None = None) -> Path:
    """Bring all files of a data set into the cache, for work without a network.

    Parameters
    ----------
    id : str
        The data set.
    progress : callable, optional
        Called with the number of bytes received since the last call.

    Returns
    -------
    pathlib.Path
        The folder in which the files now lie.
    """
    return store.fetch(card(id), progress)


def verify(id: str) -> tuple[FileState, ...]:
    """Hash every byte of a data set wherever cache and folder mirror hold it.

    Returns
    -------
    tuple of FileState
        One entry per copy found (``"right"`` or ``"damaged"``) and one per file of
        which there is no copy (``"missing"``).
    """
    return tuple(store.inspect(card(id)))


def list() -> pd.DataFrame:
    """Return the catalogue: one row per data set, indexed by its id.

    ``size_mb`` is what the raw files take as stored (MB, 10⁶ bytes); 0 for the tables
    that come with the package.
    """
    import pandas as pd

    rows = {
        found.id: {
            "title": found.title,
            "industry": found.industry,
            "kind": found.kind,
            "task": ", ".join(found.task),
            "parts": len(found.parts),
            "size_mb": 0.0 if found.embedded else round(found.size / 1e6, 3),
            "licence": found.licence,
        }
        for found in cards.cards()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("id")
