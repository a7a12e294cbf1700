"""Grading a class, whose submissions are marked side by side and written down by one process.

A submission whose files, tests and grader are those of its last grading keeps its grade. None can
stop the others.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import OperationalError

from millwright_grader import versions
from millwright_grader.errors import (
    GradebookError,
    GraderError,
    NoCourseError,
    NothingSubmittedError,
)
from millwright_grader.flags import Flag, one_line
from millwright_grader.gradebook import Book, patiently
from millwright_grader.intake import RECEIVED, submissions
from millwright_grader.pool import LocalPool, Marking, cluster_marked, dask_pool, processors
from millwright_grader.released import Released, load
from millwright_grader.submission import Marked, Work, prepare
from millwright_grader.warm.owner import close_shared_parents

# Who has just given the command waits and looks on; nothing was graded yet that could be lost.
FIRST_LOOK_SECONDS = 10.0


@dataclass(frozen=True)
class Result:
    """What came of one submission.

    Attributes
    ----------
    student : str
    state : str
        ``"graded"`` now, ``"kept"`` from before because nothing has changed, or
        ``"failed"``: no grade was changed, ``reason`` says why.
    score, max_score : float
        Points, late penalty taken off; manual marks included.
    needs_marking : bool
        Whether cells wait for a person.
    seconds : float
        What grading took, now or then.
    flags : tuple of Flag
    scores : dict
        Points by grade id as the tests gave them; None where a person marks.
    """

    student: str
    state: str
    score: float = 0.0
    max_score: float = 0.0
    needs_marking: bool = False
    seconds: float = 0.0
    flags: tuple[Flag, ...] = ()
    scores: dict[str, float | None] | None = None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        return vars(self) | {"flags": [found.to_dict() for found in self.flags]}


class ClassGrading:
    """The submissions of one assignment that a course directory selects.

    Parameters
    ----------
    app : NbGrader
        Any nbgrader application with the course's configuration loaded; its ``coursedir``
        names assignment and, as a pattern, students.

    Raises
    ------
    NoCourseError, UnknownAssignmentError, NothingSubmittedError, GradebookError
    """

    def __init__(self, app: NbGrader):
        self._app = app
        self._coursedir: CourseDirectory = app.coursedir
        self.assignment = self._coursedir.assignment_id
        root = Path(self._coursedir.root)
        if not (root / self._coursedir.source_directory).is_dir():
            raise NoCourseError(root)
        try:
            self._released = patiently(
                lambda: load(self._coursedir, self.assignment, app.config), FIRST_LOOK_SECONDS
            )
            self._tests = versions.keep(self._coursedir, self._released)
        except OperationalError as error:
            raise GradebookError(str(error.orig)) from error
        self.seconds = 0.0  # what marking and writing took
        self.writing_seconds = 0.0  # the part of it that only one process can do
        self.students = list(submissions(self._coursedir))
        if not self.students:
            raise NothingSubmittedError(
                self.assignment,
                self._coursedir.student_id,
                root / self._coursedir.submitted_directory,
            )

    def run(
        self, force: bool = False, workers: int | None = None, dask: str = ""
    ) -> Iterator[Result]:
        """Grade, and yield what came of each submission as soon as it is written down.

        Parameters
        ----------
        force : bool, optional
            Whether to mark again what has not changed.
        workers : int, optional
            How many processes mark side by side; one for each processor if left out.
        dask : str, optional
            Address of a Dask scheduler whose workers mark instead.

        Raises
        ------
        MissingExtraError, NoClusterError
        """
        work = Work(
            _plain(self._app),
            str(Path(self._coursedir.root).resolve()),
            self._released,
            self._tests,
        )
        stored = {} if force else {student: self._state(student) for student in self.students}
        with ExitStack() as stack:
            marking: Marking
            if dask:
                executor = stack.enter_context(dask_pool(dask))

                def marking(students, stored):  # type: ignore[no-untyped-def]
                    return cluster_marked(executor, work, students, stored)
            else:
                stack.callback(close_shared_parents)
                prepare(work)
                marking = LocalPool(work, workers or processors()).marked
            again: list[str] = []
            yield from self._written(marking(self.students, stored), again)
            if again:
                yield from self._written(marking(again, {}), again)

    def _written(self, all_marked: Iterator[Marked], again: list[str]) -> Iterator[Result]:
        """Write down what comes; name who must be marked again."""
        with contextlib.ExitStack() as stack:
            book: Book | None = None
            begin = time.monotonic()
            for marked in all_marked:
                if book is None:
                    # Opened after the processes were forked: a connection cannot be shared.
                    book = stack.enter_context(Book(self._app, self._released, self._tests))
                began = time.monotonic()
                result = self._write(book, marked)
                self.writing_seconds += time.monotonic() - began
                self.seconds += time.monotonic() - begin
                begin = time.monotonic()
                if result is None:
                    again.append(marked.student)
                else:
                    yield result

    def _write(self, book: Book, marked: Marked) -> Result | None:
        if marked.failure:
            return self._failed(marked, marked.failure)
        if not marked.kept:
            try:
                book.write(marked)
            except (GraderError, OSError) as error:
                return self._failed(marked, one_line(str(error), 200))
        points = book.points(marked.student)
        if points is None:
            return None  # the graded notebooks are there, but not the gradebook's rows
        records = stored_records(self._coursedir, marked.student, self.assignment, self._released)
        return Result(
            marked.student,
            "kept" if marked.kept else "graded",
            *points,
            round(sum(record.get("seconds", 0.0) for record in records), 2),
            stored_flags(records),
            {name: points for record in records for name, points in record["scores"].items()},
        )

    def _state(self, student: str) -> str:
        """Return the state of a complete grading, or ''."""
        records = stored_records(self._coursedir, student, self.assignment, self._released)
        states = {record.get("state", "") for record in records}
        complete = all("scores" in record for record in records)
        logged = any("log" in record for record in records)
        return str(states.pop()) if len(states) == 1 and complete and logged else ""

    def _failed(self, marked: Marked, reason: str) -> Result:
        shelf = Path(self._coursedir.format_path(RECEIVED, marked.student, self.assignment))
        if marked.log and shelf.is_dir():
            path = shelf / "failure.log"
            with contextlib.suppress(OSError):  # the reason itself may be a full disk
                path.write_text(marked.log, encoding="utf-8", errors="replace")
                reason = f"{reason} (log: {path})"
        return Result(marked.student, "failed", reason=reason)


def stored_records(
    coursedir: CourseDirectory, student: str, assignment: str, released: Released | None = None
) -> list[dict[str, Any]]:
    """Return the records in a student's graded notebooks, one per notebook.

    A notebook that was not graded, or not by this package, has an empty record.
    """
    folder = Path(coursedir.format_path(coursedir.autograded_directory, student, assignment))
    if released:
        paths = [folder / f"{name}.ipynb" for name in released.notebooks]
    else:
        paths = sorted(folder.glob("*.ipynb"))
    records = []
    for path in paths:
        try:
            page = json.loads(path.read_text(encoding="utf-8"))
            records.append(dict(page.get("metadata", {}).get("millwright", {})))
        except (OSError, ValueError, AttributeError, TypeError):
            records.append({})
    return records


def stored_flags(records: list[dict[str, Any]]) -> tuple[Flag, ...]:
    """Return the flags of all records, each once."""
    flags = [Flag.from_dict(stored) for record in records for stored in record.get("flags", [])]
    return tuple(dict.fromkeys(flags))


def _plain(app: NbGrader) -> dict[str, Any]:
    """Return an application's configuration."""
    return dict(app.config)
