"""Tables from strangers: a CSV file as bytes becomes rows of text, or one clear message.

Whoever exports a table chooses an encoding, a separator and a decimal sign without telling.
`read` finds them: UTF-8 with or without a mark, UTF-16, GB18030 or Windows-1252; comma, semicolon,
tab or bar; a decimal point or comma. It never guesses past a contradiction: a row with a field too
many is an error that names its line. Nothing is written anywhere.

The messages stand in ``text/tables.en.toml``, since visitors of the apps read them.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from millwright_labs.catalogue import Catalogue
from millwright_labs.errors import TableError

WORDS = Catalogue("tables", Path(__file__).parent / "text")

MEGABYTE = 1_000_000
#: The largest file (bytes) that is read.
LARGEST = 20 * MEGABYTE

SEPARATORS = (";", "\t", ",", "|")
#: The lines from which separator and decimal sign are found.
LOOKED_AT = 200

_WORDS = "- -- --- . ? na n/a #n/a #na nan null none nil missing #value! #div/0! 空 缺失 无"
MISSING = frozenset(["", *_WORDS.split(" ")])

# What a file that is no text begins with.
_SIGNATURES = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x1f\x8b": "zip",
    b"Rar!": "zip",
    b"7z\xbc\xaf": "zip",
    b"\xd0\xcf\x11\xe0": "workbook",
}

_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")


def problem(kind: str, /, **fields: object) -> TableError:
    """Return the error of a kind, with its message in the visitor's language."""
    return TableError(WORDS.format(f"problem.{kind}", **fields))


@dataclass(frozen=True)
class Grid:
    """A table as it stands in the file.

    Attributes
    ----------
    rows : list of list of str
        Its fields without spaces around them; all rows have one length.
    lines : list of int
        The line of the file, from 1, on which each row begins.
    encoding, separator, decimal : str
        What the file uses.
    """

    rows: list[list[str]]
    lines: list[int]
    encoding: str
    separator: str
    decimal: str

    def number(self, text: str) -> float | None:
        """Return the number that a field holds, or None if it holds none."""
        return number(text, self.decimal)


def read(data: bytes, largest: int = LARGEST) -> Grid:
    """Return the table in a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    largest : int
        The largest size (bytes) that is read.

    Raises
    ------
    TableError
        If the file is too large, empty, no text, or no table.
    """
    if len(data) > largest:
        raise too_large(len(data), largest)
    text, encoding = decode(data)
    # Excel writes the separator into a line of its own.
    told = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    skipped = 0
    if told:
        text, skipped = text[told.end() :], 1
    separator = told[1] if told else _separator(text)
    rows, lines = _rows(text, separator, skipped)
    rows, lines = _rectangle(rows, lines)
    return Grid(rows, lines, encoding, separator, _decimal(rows))


def too_large(size: int, largest: int = LARGEST) -> TableError:
    """Return the error for a file of `size` bytes, which need not have been read."""
    return problem("too_large", size=size / MEGABYTE, largest=largest / MEGABYTE)


def decode(data: bytes) -> tuple[str, str]:
    """Return a file's text and its encoding."""
    if not data.strip(b"\0 \t\r\n\v\f\xef\xbb\xbf\xff\xfe"):
        raise problem("empty")
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            raise problem(kind)
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return _strictly(data, name), name
    if b"\0" in data:
        # Every other byte of digits in UTF-16 is zero: which ones tells the order.
        for name, high in (("utf-16-le", data[1::2]), ("utf-16-be", data[0::2])):
            if len(data) % 2 == 0 and high.count(0) > 0.7 * len(high):
                return _strictly(data, name), name
        raise problem("binary")
    try:
        return _printable(data.decode("utf-8")), "utf-8"
    except UnicodeDecodeError:
        pass
    # In Chinese text both bytes of a character are high. A degree sign of Windows-1252 is one high
    # byte before an ordinary letter, which GB18030 would take for a rare character.
    pairs = re.findall(rb"[\x80-\xff](?:[\x80-\xff]|[^\x80-\xff]|$)", data)
    high = sum(len(pair) > 1 and pair[1] >= 0xA1 for pair in pairs)
    names = ("gb18030", "cp1252") if 2 * high > len(pairs) else ("cp1252", "gb18030")
    for name in names:
        try:
            return _printable(data.decode(name)), name
        except UnicodeDecodeError:
            continue
    raise problem("binary")


def number(text: str, decimal: str = ".") -> float | None:
    """Return the finite number that a field holds, or None if it holds none."""
    text = text.strip().replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", "")
    if decimal == "," and _COMMA.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    elif _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if not _PLAIN.fullmatch(text):
        return None
    value = float(text)
    return value if abs(value) < float("inf") else None


def missing(text: str) -> bool:
    """Return whether a field says that there is no value."""
    return text.strip().lower() in MISSING


def write(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a table as CSV that spreadsheets open: UTF-8 with a mark, commas, CRLF.

    Text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_harmless(name) for name in head])
    writer.writerows([[_harmless(field) for field in row] for row in rows])
    return out.getvalue().encode("utf-8-sig")


def _harmless(field: object) -> object:
    if not isinstance(field, str) or number(field) is not None:
        return field
    return f"'{field}" if field[:1] in ("=", "+", "-", "@", "\t", "\r") else field


def _strictly(data: bytes, name: str) -> str:
    try:
        return _printable(data.decode(name))
    except UnicodeDecodeError:
        raise problem("binary") from None


def _printable(text: str) -> str:
    """Return the text, unless it holds control characters that no table has."""
    if re.search(r"[\x01-\x08\x0e-\x1f]", text[: 10 * LOOKED_AT]):
        raise problem("binary")
    return text


def _separator(text: str) -> str:
    """Return the separator that gives most of the first lines the same number of fields."""
    first = [line for line in text.splitlines()[: LOOKED_AT + 1] if line.strip()][:LOOKED_AT]
    best, most = ",", 0.0
    if not first:
        raise problem("empty")
    for separator in SEPARATORS:
        try:
            widths = Counter(len(row) for row in csv.reader(first, delimiter=separator))
        except csv.Error:
            # A field too long with this separator may be many with another.
            continue
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        # A tie goes to the earlier one: the comma of `1,5;2,5` is a decimal sign.
        if width > 1 and count / len(first) > most + 1e-9:
            best, most = separator, count / len(first)
    return best


def _rows(text: str, separator: str, skipped: int) -> tuple[list[list[str]], list[int]]:
    rows, lines = [], []
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    last = 0
    try:
        for row in reader:
            fields = [field.strip() for field in row]
            if any(fields) and not fields[0].startswith("#"):
                rows.append(fields)
                lines.append(skipped + last + 1)
            last = reader.line_num
    except csv.Error:
        raise problem("quotes", line=skipped + last + 1) from None
    if not rows:
        raise problem("empty")
    return rows, lines


def _rectangle(rows: list[list[str]], lines: list[int]) -> tuple[list[list[str]], list[int]]:
    """Drop what a logger writes above the table, and a last column that is always empty."""
    widths = Counter(map(len, rows))
    width = max(widths, key=lambda width: (widths[width], width))
    begin = next(i for i, row in enumerate(rows) if len(row) == width)
    # A header may lack the empty field that a separator at the end of each line makes.
    if begin == 1 and len(rows[0]) == width - 1 and not any(row[-1] for row in rows[1:]):
        rows, begin = [[*rows[0], ""], *rows[1:]], 0
    rows, lines = rows[begin:], lines[begin:]
    for row, line in zip(rows, lines, strict=True):
        if len(row) != width:
            raise problem("ragged", line=line, fields=len(row), width=width)
    while width > 1 and not any(row[width - 1] for row in rows):
        width -= 1
    return [row[:width] for row in rows], lines


def _decimal(rows: list[list[str]]) -> str:
    fields = [field for row in rows[:LOOKED_AT] for field in row]
    commas = sum(_COMMA.fullmatch(field) is not None for field in fields)
    points = sum("." in field and _PLAIN.fullmatch(field) is not None for field in fields)
    return "," if commas > points else "."
