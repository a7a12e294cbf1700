"""Receipts: what was handed in, when, by whom, and a code that stands for all of it.

A receipt lists every file with its SHA-256.  Its code (12 characters, 60 bits of a SHA-256)
depends on the files, the student, the assignment, the course and the time; nobody can make
other files, or another time, that fit the same code.  The receipt lies with the submission
and as a page in the student's ``receipts/``.

A receipt proves nothing against somebody who can rewrite both the submission and the
student's copy; it is not signed.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from nbgrader.coursedir import CourseDirectory

from millwright_grader.errors import ReceiptError
from millwright_grader.intake import Contents, File, open_regular, take

FILE_NAME = "receipt.json"
VERSION = 1
MAX_BYTES = 1_000_000

# Crockford's base 32: no letters that are mistaken for digits or each other.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True)
class Receipt:
    """A receipt.

    Attributes
    ----------
    course, assignment, student : str
    time : str
        UTC, ISO 8601, by the clock of the machine that took the submission.
    files : tuple of File
        What was handed in.
    left_out : tuple of (path, reason)
        What lay in the folder and was not handed in.
    """

    course: str
    assignment: str
    student: str
    time: str
    files: tuple[File, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def code(self) -> str:
        """The receipt's code, ``xxxx-xxxx-xxxx``."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 4
        letters = [_ALPHABET[number >> shift & 31] for shift in range(55, -5, -5)]
        return "-".join("".join(letters[start : start + 4]) for start in (0, 4, 8))

    @property
    def size(self) -> int:
        """Bytes handed in."""
        return sum(file.size for file in self.files)

    def to_json(self) -> str:
        """Return the receipt as it lies with the submission."""
        content = {"version": VERSION, "code": self.code, **asdict(self)}
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

    def to_html(self) -> str:
        """Return the receipt as a page for the student."""
        templates = Environment(
            loader=PackageLoader("millwright_grader"), autoescape=True, trim_blocks=True
        )
        return templates.get_template("receipt.html").render(receipt=self)


def make_receipt(
    course: str, assignment: str, student: str, time: datetime, contents: Contents
) -> Receipt:
    """Return the receipt for what was taken in.

    Parameters
    ----------
    course, assignment, student : str
    time : datetime
        With time zone.
    contents : Contents
        Of the copy that was taken in, not of the student's folder.
    """
    utc = time.astimezone(UTC).isoformat(timespec="seconds")
    return Receipt(course, assignment, student, utc, contents.handed_in, contents.refused)


def read_receipt(path: Path) -> Receipt:
    """Read a receipt; it may have been written by anybody.

    Raises
    ------
    FileNotFoundError
        There is none.
    ReceiptError
        The file is no receipt, or its content does not fit its code.
    """
    try:
        with open_regular(path) as stream:
            content = json.loads(stream.read(MAX_BYTES))
        receipt = _parse(content)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReceiptError(path, f"{type(error).__name__}: {error}"[:200]) from None
    if receipt.code != content.get("code"):
        raise ReceiptError(path, "its content does not fit its code")
    return receipt


def verify_receipt(folder: Path, receipt: Receipt | Path) -> list[str]:
    """Compare a folder with a receipt, byte by byte.

    Parameters
    ----------
    folder : Path
        A submission, for example in ``submitted/`` or in the exchange.
    receipt : Receipt or Path
        The receipt or its file.

    Returns
    -------
    list of str
        What differs, one line each; empty if the folder is what was handed in.

    Raises
    ------
    ReceiptError
        The receipt's own content does not fit its code.
    """
    if not isinstance(receipt, Receipt):
        receipt = read_receipt(receipt)
    return differences(receipt, take(Path(folder), CourseDirectory()))


def differences(receipt: Receipt, contents: Contents) -> list[str]:
    """Return how contents differ from a receipt, one line each."""
    then = {file.path: file for file in receipt.files}
    now = {file.path: file for file in contents.handed_in}
    return [
        *(f"{path} is missing" for path in sorted(then.keys() - now.keys())),
        *(f"{path} was added" for path in sorted(now.keys() - then.keys())),
        *(
            f"{path} was changed"
            for path in sorted(then.keys() & now.keys())
            if then[path] != now[path]
        ),
    ]


def _parse(content: Any) -> Receipt:
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise ValueError(f"not a receipt of version {VERSION}")
    texts = [content[name] for name in ("course", "assignment", "student", "time")]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("its first lines are not text")
    if datetime.fromisoformat(content["time"]).tzinfo is None:
        raise ValueError("its time has no time zone")
    files = tuple(
        File(str(file["path"]), int(file["size"]), str(file["sha256"])) for file in content["files"]
    )
    left_out = tuple((str(path), str(reason)) for path, reason in content["left_out"])
    return Receipt(texts[0], texts[1], texts[2], texts[3], files, left_out)
