"""The catalogue: one TOML card per data set.

A card says everything that is known about a data set and everything the
package needs to read it: who measured what, under which licence, the digest of
each raw file, and for each table the columns with their units and their names
in the raw file.  Adding a data set means adding a card; code is needed only for
a file format that no card has used before.

Units are SI symbols as a person writes them (``°C``, ``mm/s``).  ``1`` marks a
number without dimension, ``count`` a counter or an identifying number, ``scaled`` a
quantity whose unit was lost in scaling, ``not stated`` one whose unit the
publisher does not give.  Text columns have no unit.
"""

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from millwright_data.errors import CardError, UnknownDataSetError, UnknownPartError

CARDS = Path(__file__).parent / "cards"
KINDS = ("measured", "simulated", "synthetic", "derived", "mixed")


@dataclass(frozen=True)
class Form:
    """One way the content of a raw file may be stored."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class RawFile:
    """A file as the publisher or the mirror stores it.

    ``size`` (bytes) and ``sha256`` describe the stored file.  A ``.gz`` file may
    also lie unpacked, under its name without ``.gz``; ``size_unpacked`` and
    ``sha256_unpacked`` describe that.
    """

    name: str
    size: int
    sha256: str
    size_unpacked: int | None = None
    sha256_unpacked: str | None = None
    official: str | None = None

    @property
    def forms(self) -> tuple[Form, ...]:
        """The stored file first, then its unpacked form if it has one."""
        stored = Form(self.name, self.size, self.sha256)
        if self.size_unpacked is None or self.sha256_unpacked is None:
            return (stored,)
        unpacked = self.name.removesuffix(".gz")
        return (stored, Form(unpacked, self.size_unpacked, self.sha256_unpacked))


@dataclass(frozen=True)
class Column:
    """A column of a table.

    ``source`` is its name in the raw file where that differs from ``name``.
    ``dtype`` is ``"text"``, ``"integer"``, ``"flag"`` (true or false) or
    ``"datetime"`` (then ``format`` is a strptime format); without it pandas decides.
    """

    name: str
    unit: str
    description: str
    source: str | None = None
    dtype: str | None = None
    format: str | None = None


@dataclass(frozen=True)
class Axis:
    """A time axis: the column ``name``, or equal steps from ``start``.

    For a clock axis ``start`` is an ISO date and ``step`` is in seconds.
    """

    name: str
    unit: str
    step: float | None = None
    start: float | str = 0.0


@dataclass(frozen=True)
class Part:
    """What one call of ``load`` returns: one raw file, or several stacked.

    ``files`` is a shell pattern; the named groups of the regular expression ``key``
    then turn each file's name into columns.  Fields that a part leaves out are the
    card's.
    """

    name: str
    rows: int
    title: str = ""
    file: str | None = None
    files: str | None = None
    key: str | None = None
    step: float | None = None
    transposed: bool = False
    kind: str | None = None
    industry: str | None = None
    sampling: str | None = None
    reference: str | None = None
    checked: str | None = None


@dataclass(frozen=True)
class Table:
    """A layout: how a raw file is read, its columns, and the parts that have it.

    ``reader`` is ``"csv"`` (a header line names the columns), ``"text"``
    (numbers between blanks or tabs, no header; columns by position) or ``"matlab"``
    (columns by variable name; ``constants`` are scalar variables).
    """

    reader: str
    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    separator: str = ","
    comment: str | None = None
    axis: Axis | None = None
    constants: tuple[Column, ...] = ()


@dataclass(frozen=True)
class Card:
    """Everything known about one data set."""

    id: str
    title: str
    industry: str
    kind: str
    kind_note: str
    task: tuple[str, ...]
    publisher: str
    home: str
    licence: str
    citation: str
    sampling: str
    files: tuple[RawFile, ...]
    tables: tuple[Table, ...]
    faults: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()
    by_hand: str = ""
    provenance: str = ""
    default: str | None = None
    embedded: bool = False

    @property
    def parts(self) -> Mapping[str, Part]:
        """The parts by name, in the order of the card."""
        return {part.name: part for table in self.tables for part in table.parts}

    @property
    def size(self) -> int:
        """Bytes of all raw files as stored."""
        return sum(file.size for file in self.files)

    def part(self, name: str | None = None) -> tuple[Table, Part]:
        """Return a part and its layout; without a name, the default part.

        Raises
        ------
        UnknownPartError
            There is no such part, or no name was given and none is the default.
        """
        wanted = name if name is not None else self.default
        known = self.parts
        if wanted is None and len(known) == 1:
            (wanted,) = known
        for table in self.tables:
            for part in table.parts:
                if part.name == wanted:
                    return table, part
        names = ", ".join(known)
        if wanted is None:
            raise UnknownPartError(
                f"{self.id} has {len(known)} parts: name one, for example "
                f'load("{self.id}", part="{next(iter(known))}"). Parts: {names}'
            )
        raise UnknownPartError(f"{self.id} has no part {wanted!r}. Parts: {names}")

    def files_of(self, part: Part) -> tuple[RawFile, ...]:
        """Return the raw files of a part, numbers in their names counted as numbers."""
        pattern = part.files
        if pattern is None:
            return tuple(file for file in self.files if file.name == part.file)
        found = [file for file in self.files if fnmatchcase(file.name, pattern)]
        return tuple(sorted(found, key=lambda file: _natural(file.name)))


def card(id: str) -> Card:
    """Return the card of one data set.

    Parameters
    ----------
    id : str
        The data set's id, as in `ids`.

    Raises
    ------
    UnknownDataSetError
        No card has this id; the message offers the nearest ones.
    """
    return _read(str(id), CARDS)


def ids() -> tuple[str, ...]:
    """Return the ids of all data sets, sorted."""
    return tuple(sorted(path.stem for path in CARDS.glob("*.toml")))


def cards() -> Iterator[Card]:
    """Yield all cards in the order of their ids."""
    return (card(id) for id in ids())


@functools.cache
def _read(id: str, folder: Path) -> Card:
    known = sorted(path.stem for path in folder.glob("*.toml"))
    if id not in known:
        near = get_close_matches(str(id), known, n=3, cutoff=0.7)
        near += [name for name in known if str(id) and str(id) in name and name not in near]
        hint = f"did you mean {' or '.join(near)}?" if near else "see millwright_data.list()."
        raise UnknownDataSetError(f"there is no data set {id!r}: {hint}")
    path = folder / f"{id}.toml"
    try:
        return _build(Card, tomllib.loads(path.read_text(encoding="utf-8")), id)
    except (tomllib.TOMLDecodeError, TypeError, ValueError) as error:
        raise CardError(f"card {path.name}: {error}; correct the card.") from error


# Which fields of a card hold tables of their own.
_NESTED: dict[str, Any] = {
    "files": RawFile,
    "tables": Table,
    "columns": Column,
    "constants": Column,
    "parts": Part,
    "axis": Axis,
}


def _build(kind: Any, content: Mapping[str, Any], where: str) -> Any:
    """Build a dataclass from a TOML table; an unknown or missing field is an error."""
    names = {f.name for f in fields(kind)}
    unknown = sorted(set(content) - names)
    if unknown:
        raise ValueError(f"{where}: unknown field {', '.join(unknown)}")
    built: dict[str, Any] = {}
    for name, value in content.items():
        nested = _NESTED.get(name) if kind in (Card, Table) else None
        if nested and isinstance(value, list):
            built[name] = tuple(
                _build(nested, item, f"{where}.{name}[{i}]") for i, item in enumerate(value)
            )
        elif nested and isinstance(value, dict):
            built[name] = _build(nested, value, f"{where}.{name}")
        else:
            built[name] = tuple(value) if isinstance(value, list) else value
    try:
        return kind(**built)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from None


def _natural(name: str) -> list[tuple[int, int | str]]:
    pieces = re.split(r"(\d+)", name)
    return [(0, int(piece)) if piece.isdigit() else (1, piece) for piece in pieces]
