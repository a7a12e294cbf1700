"""The grade log: one line for each grading, chained so that no later change stays unseen.

``grades.log`` in the course folder holds one JSON object a line, in canonical form.  Each entry
names the SHA-256 of the entry before it (``previous``) and ends in its own (``digest``): whoever
changes, removes, moves or inserts a line breaks the chain there, or must write every later line
anew.  The digest of the last entry, the *head*, stands for the whole log.

Promises:

* `append` returns once the entry is on the disk; processes and threads that append take turns;
* lines are only ever added.  What an interrupted write left at the end (power cut, full disk)
  stays where it is; the next entry closes it and names its SHA-256 (``set_aside``);
* an append reads the end of the file only, however long the log is.

Order of writing: entry, gradebook, and last the graded notebook, which names the entry.  A grading
that was killed in between has no graded notebook that names its entry, so it is done again.
"""

import fcntl
import hashlib
import json
import math
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory
from traitlets import Unicode
from traitlets.config import LoggingConfigurable

from millwright_grader.errors import GradeLogError

VERSION = 1
START = "0" * 64  # what the first entry names as the one before it

_TAIL = 1 << 16  # bytes; more than a usual entry takes
_TURN = threading.Lock()  # POSIX locks do not hold between the threads of a process


@dataclass(frozen=True)
class Entry:
    """What is written down of one grading.

    Attributes
    ----------
    course, assignment, student : str
    submission : str
        Digest of what was handed in (`intake.Admission.digest`).
    submitted : str or None
        The time that counts, UTC, ISO 8601.
    tests : str
        Digest of what graded it (`versions.keep`).
    state : str
        Digest of everything that the grade depends on (`autograde.state_of`).
    millwright : str
        Version of this package.
    scores : dict
        Points by grade id as the tests gave them; None where a person marks.
    max_scores : dict
    late_penalty : float
        Points.
    flags : list of str
        Kinds of flags.
    seconds : float
        What running it took.
    """

    course: str
    assignment: str
    student: str
    submission: str
    submitted: str | None
    tests: str
    state: str
    millwright: str
    scores: dict[str, float | None]
    max_scores: dict[str, float]
    late_penalty: float = 0.0
    flags: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Logged:
    """An entry as it stands in the log: its line, number, UTC time, links, and content."""

    line: int
    number: int
    time: str
    previous: str
    digest: str
    set_aside: str | None
    entry: Entry


@dataclass(frozen=True)
class Problem:
    """Something about the log itself that is not as it was written; ``what`` is one clause."""

    line: int
    what: str


@dataclass(frozen=True)
class Reading:
    """A log as read: entries in order, what is wrong, and lines that were set aside."""

    entries: tuple[Logged, ...] = ()
    problems: tuple[Problem, ...] = ()
    set_aside: tuple[int, ...] = ()
    torn: bool = False

    @property
    def head(self) -> str:
        """The digest that stands for the whole log."""
        return self.entries[-1].digest if self.entries else START


class GradeLog(LoggingConfigurable):
    """The log of a course.

    Parameters
    ----------
    coursedir : CourseDirectory
    **kwargs
        ``parent`` or ``config``, as for every configurable class.
    """

    path = Unicode("grades.log", help="The log's file, relative to the course folder.").tag(
        config=True
    )

    def __init__(self, coursedir: CourseDirectory, **kwargs: Any):
        super().__init__(**kwargs)
        self._coursedir = coursedir

    @property
    def file(self) -> Path:
        """Where it is."""
        return Path(self._coursedir.root) / self.path

    def append(self, entry: Entry | Mapping[str, Any]) -> str:
        """Write an entry down; see `append`."""
        return append(self.file, entry, 0o664 if self._coursedir.groupshared else 0o644)

    def read(self) -> Reading:
        """Read and check the whole log; see `read`."""
        return read(self.file)


def append(path: Path, entry: Entry | Mapping[str, Any], mode: int = 0o644) -> str:
    """Write an entry at the end of a log.

    Parameters
    ----------
    path : Path
        The log; made if there is none.
    entry : Entry or mapping
    mode : int, optional
        Permissions of a new log.

    Returns
    -------
    str
        The new head.

    Raises
    ------
    GradeLogError
        It could not be written; the log is as it was.
    """
    if not isinstance(entry, Entry):
        entry = Entry(**entry)
    try:
        with _opened(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, fcntl.LOCK_EX, mode) as file:
            size = os.fstat(file).st_size
            last, rest, ended = _end(file, size)
            close = b"" if ended else b"\n"
            content = {
                "version": VERSION,
                "number": last.number + 1 if last else 1,
                "time": datetime.now(UTC).isoformat(timespec="seconds"),
                "previous": last.digest if last else START,
                **asdict(entry),
            }
            if rest:
                content["set_aside"] = hashlib.sha256(rest + close).hexdigest()
            content["digest"] = hashlib.sha256(canonical(content)).hexdigest()
            try:
                _write(file, close + canonical(content) + b"\n")
            except OSError:
                with suppress(OSError):
                    os.ftruncate(file, size)
                raise
            if size == 0:
                _sync_folder(path.parent)
    except OSError as error:
        raise GradeLogError(path, error.strerror or str(error)) from error
    return str(content["digest"])


def read(path: Path) -> Reading:
    """Read a log and check every link of its chain.

    Returns
    -------
    Reading
        Empty if there is no log.

    Raises
    ------
    GradeLogError
        The file cannot be read.
    """
    try:
        with (
            _opened(path, os.O_RDONLY, fcntl.LOCK_SH) as file,
            os.fdopen(os.dup(file), "rb") as stream,
        ):
            return _check(stream.read())
    except FileNotFoundError:
        return Reading()
    except OSError as error:
        raise GradeLogError(path, error.strerror or str(error)) from error


def canonical(content: Any) -> bytes:
    """Return the one way to write plain JSON values: sorted keys, no spaces, ASCII."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _check(content: bytes) -> Reading:
    *lines, torn = content.split(b"\n")
    if _parse(torn, 0):  # an entry that lacks nothing but the end of its line
        lines, torn = [*lines, torn], b""
    entries: list[Logged] = []
    problems: list[Problem] = []
    set_aside: list[int] = []
    last: Logged | None = None
    between: list[tuple[int, bytes]] = []
    for number, raw in enumerate(lines, start=1):
        logged = _parse(raw, number)
        if logged is None:
            between.append((number, raw))
            continue
        rest = b"".join(line + b"\n" for _, line in between)
        missing = logged.number - (last.number if last else 0) - 1
        if (hashlib.sha256(rest).hexdigest() if rest else None) == logged.set_aside:
            # An interrupted write leaves no whole JSON value; somebody who edits a line may.
            problems += _altered([(place, line) for place, line in between if _is_json(line)])
            set_aside += [place for place, line in between if not _is_json(line)]
            problems += _broken_link(last, logged)
        elif between:
            problems += _altered(between)
            if not 0 < missing <= len(between):
                problems += _broken_link(last, logged)
        else:
            problems.append(Problem(number, "what had been set aside before it is gone"))
            problems += _broken_link(last, logged)
        between = []
        entries.append(logged)
        last = logged
    # Behind the last entry, two interrupted writes may follow each other.
    problems += _altered([(place, line) for place, line in between if _is_json(line) or not torn])
    return Reading(tuple(entries), tuple(problems), tuple(set_aside), bool(torn))


def _altered(lines: list[tuple[int, bytes]]) -> list[Problem]:
    return [Problem(number, "is not as it was written") for number, _ in lines]


def _broken_link(last: Logged | None, logged: Logged) -> list[Problem]:
    expected = last.number + 1 if last else 1
    if logged.number == expected:
        if logged.previous == (last.digest if last else START):
            return []
        return [Problem(logged.line, "does not follow the entry before it: one of them was forged")]
    if logged.number > expected:
        gone = f"{expected}" if logged.number == expected + 1 else f"{expected}-{logged.number - 1}"
        return [Problem(logged.line, f"before it, entry {gone} is missing")]
    return [Problem(logged.line, f"entry {logged.number} stands where {expected} belongs")]


def _parse(raw: bytes, line: int) -> Logged | None:
    """Return the entry that a line holds, or None if it is not what `append` wrote."""
    try:
        content = json.loads(raw)
        if not isinstance(content, dict) or canonical(content) != raw:
            return None
        digest = content.pop("digest")
        if hashlib.sha256(canonical(content)).hexdigest() != digest:
            return None
        logged = Logged(
            line,
            content["number"],
            content["time"],
            content["previous"],
            digest,
            content.get("set_aside"),
            Entry(**{known.name: content[known.name] for known in fields(Entry)}),
        )
        return logged if _is_sound(logged) else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _is_sound(logged: Logged) -> bool:
    """Return whether types are those that `append` writes; somebody may have forged them."""
    entry = logged.entry
    texts = (
        *(logged.time, logged.previous, entry.course, entry.assignment, entry.student),
        *(entry.submission, entry.tests, entry.state, entry.millwright, *entry.flags),
        *(text for text in (logged.set_aside, entry.submitted) if text is not None),
    )
    numbers = (
        *(entry.late_penalty, entry.seconds, *entry.max_scores.values()),
        *(score for score in entry.scores.values() if score is not None),
    )
    return (
        type(logged.number) is int
        and all(isinstance(text, str) for text in texts)
        and all(type(number) in (int, float) and math.isfinite(number) for number in numbers)
        and isinstance(entry.flags, list)
    )


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True


def _end(file: int, size: int) -> tuple[Logged | None, bytes, bool]:
    """Return the last entry, the bytes behind it that are none, and whether the last line ended."""
    length = _TAIL
    while True:
        begin = max(0, size - length)
        tail = os.pread(file, size - begin, begin)
        ended = not tail or tail.endswith(b"\n")
        lines = tail.split(b"\n")
        rest = b""
        for place in range(len(lines) - 1, -1 if begin == 0 else 0, -1):
            if logged := _parse(lines[place], 0):
                return logged, rest, ended
            rest = lines[place] + (b"" if place == len(lines) - 1 else b"\n") + rest
        if begin == 0:
            return None, tail, ended
        length *= 4


def _write(file: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(file, left) :]
    os.fsync(file)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _opened(path: Path, flags: int, lock: int, mode: int = 0) -> Iterator[int]:
    """Open a file for one thread of one process at a time, or for several readers."""
    with _TURN:
        file = os.open(path, flags | os.O_CLOEXEC, mode)
        try:
            if mode and os.fstat(file).st_size == 0:
                with suppress(PermissionError):
                    os.fchmod(file, mode)  # whatever the umask of whoever grades first
            fcntl.lockf(file, lock)
            yield file
        finally:
            os.close(file)
