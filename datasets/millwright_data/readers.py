"""Raw files to tables: one reader per file format, steered by the card."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from millwright_data.cards import Axis, Card, Column, Part, Table
from millwright_data.errors import CardError


def read(card: Card, table: Table, part: Part, paths: Mapping[str, Path]) -> pd.DataFrame:
    """Read the raw files of one part.

    Parameters
    ----------
    card, table, part
        The data set, the layout and the part, from the card.
    paths : mapping of str to pathlib.Path
        Where each raw file lies, by its name in the card, in the order of stacking.

    Returns
    -------
    pandas.DataFrame
        Columns as in the card.  A single record with a time axis is indexed by it; in
        stacked records the file's key and its time are the first columns.  ``.attrs`` holds
        ``units``, ``constants`` (the scalar values of the raw file) and ``card``.
    """
    frames: list[pd.DataFrame] = []
    constants: dict[str, float] = {}
    for name, path in paths.items():
        frame, constants = _READERS[table.reader](table, part, path)
        frame = _typed(frame, table.columns)
        frame = _with_axis(frame, table.axis, part)
        if part.key:
            frame = _with_key(frame, part.key, name)
        frames.append(frame)
    whole = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    units = {column.name: column.unit for column in (*table.columns, *table.constants)}
    if table.axis:
        units[table.axis.name] = table.axis.unit
    for name in re.compile(part.key or "").groupindex:
        units[name] = "count" if pd.api.types.is_numeric_dtype(whole[name]) else ""
    whole.attrs = {
        "units": units,
        "constants": constants,
        "card": _facts(card, part),
    }
    return whole


def _facts(card: Card, part: Part) -> dict[str, Any]:
    """Say what a table is in plain values, which survive copies and JSON."""
    return {
        "id": card.id,
        "part": part.name,
        "title": part.title or card.title,
        "industry": part.industry or card.industry,
        "kind": part.kind or card.kind,
        "sampling": part.sampling or card.sampling,
        "reference": part.reference or card.citation,
        "citation": card.citation,
        "licence": card.licence,
        "home": card.home,
        "faults": list(card.faults),
    }


def _typed(frame: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    for column in columns:
        values = frame[column.name]
        if column.dtype == "datetime":
            frame[column.name] = pd.to_datetime(values, format=column.format)
        elif column.dtype == "integer":
            frame[column.name] = values.astype("int64")
        elif column.dtype == "flag":
            frame[column.name] = values.astype("bool")
        elif column.dtype == "text":
            frame[column.name] = values.astype("str")
    return frame


def _with_axis(frame: pd.DataFrame, axis: Axis | None, part: Part) -> pd.DataFrame:
    if axis is None:
        return frame
    step = part.step or axis.step
    if step is None:
        return frame if part.key else frame.set_index(axis.name)
    if isinstance(axis.start, str):
        start = pd.Timestamp(axis.start)
        times: Any = pd.date_range(start, periods=len(frame), freq=pd.Timedelta(seconds=step))
    else:
        times = axis.start + step * np.arange(len(frame))
    if part.key:
        frame.insert(0, axis.name, times)
        return frame
    return frame.set_index(pd.Index(times, name=axis.name))


def _with_key(frame: pd.DataFrame, key: str, name: str) -> pd.DataFrame:
    found = re.search(key, name)
    if found is None:
        raise CardError(f"the key {key!r} does not match the file name {name!r}: correct the card.")
    for position, (column, text) in enumerate(found.groupdict().items()):
        frame.insert(position, column, int(text) if text.isdigit() else text)
    return frame


Result = tuple[pd.DataFrame, dict[str, float]]


def _read_csv(table: Table, part: Part, path: Path) -> Result:
    raw = pd.read_csv(
        path,
        sep=table.separator,
        comment=table.comment,
        encoding="utf-8-sig",
        index_col=False,
        skipinitialspace=True,
    )
    raw.columns = raw.columns.str.strip()
    sources = [column.source or column.name for column in table.columns]
    missing = [source for source in sources if source not in raw.columns]
    if missing:
        raise CardError(f"{path.name} has no column {', '.join(missing)}: correct the card.")
    raw = raw[sources]
    raw.columns = [column.name for column in table.columns]
    return raw, {}


def _read_text(table: Table, part: Part, path: Path) -> Result:
    raw = pd.read_csv(path, sep=r"\s+", header=None)
    if part.transposed:
        raw = raw.T
    if raw.shape[1] != len(table.columns):
        raise CardError(
            f"{path.name} has {raw.shape[1]} columns, its card {len(table.columns)}: "
            "correct the card."
        )
    raw.columns = [column.name for column in table.columns]
    return raw, {}


def _read_matlab(table: Table, part: Part, path: Path) -> Result:
    import scipy.io

    variables = scipy.io.loadmat(path)

    def variable(source: str) -> np.ndarray:
        """Return ``name``, ``na*e`` or, for one row of a matrix, ``name[row]``."""
        pattern, _, row = source.rstrip("]").partition("[")
        names = [name for name in variables if fnmatchcase(name, pattern)]
        if len(names) != 1:
            raise CardError(f"{path.name} has no single variable {pattern}: correct the card.")
        value = variables[names[0]]
        value = value[int(row)] if row else np.ravel(value)
        # Files written on big-endian machines; pandas wants the machine's own order.
        return value.astype(value.dtype.newbyteorder("="))

    columns = {column.name: variable(column.source or column.name) for column in table.columns}
    constants = {
        constant.name: float(variable(constant.source or constant.name)[0])
        for constant in table.constants
    }
    return pd.DataFrame(columns), constants


_READERS = {"csv": _read_csv, "text": _read_text, "matlab": _read_matlab}
