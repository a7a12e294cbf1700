"""Grading a class, one submission after the other, none of which can stop the rest.

Every submission is graded by nbgrader's own `Autograde` with the course's configuration.
A submission whose files, tests and grader are those of its last grading keeps its grade.
One process writes to the gradebook.
"""

import glob
import io
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import temp_attrs

from millwright_grader.autograde import state_of
from millwright_grader.errors import NoCourseError, NothingSubmittedError
from millwright_grader.flags import Flag, one_line
from millwright_grader.intake import RECEIVED, admit, is_student_name, submissions
from millwright_grader.released import Released, load


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


class SingleAutograde(Autograde):
    """nbgrader's converter for one submission, which remembers what went wrong."""

    failure: Exception | None = None

    def init_notebooks(self) -> None:
        """Name the submission; its exporter finds out what notebooks it holds."""
        self.notebooks: list[str] = []
        self.assignments: dict[str, list[str]] = {
            str(folder): [] for folder in submissions(self.coursedir).values()
        }

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Prepare the destination."""
        with self._remembering():
            super().init_assignment(assignment_id, student_id)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Sanitise, run and save one notebook."""
        with self._remembering():
            super().convert_single_notebook(notebook_filename)

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        # The converter turns every exception into a log entry.
        try:
            yield
        except Exception as error:
            self.failure = error
            raise


class ClassGrading:
    """The submissions of one assignment that a course directory selects.

    Parameters
    ----------
    app : NbGrader
        Any nbgrader application with the course's configuration loaded; its ``coursedir``
        names assignment and, as a pattern, students.

    Raises
    ------
    NoCourseError, UnknownAssignmentError, NothingSubmittedError
    """

    def __init__(self, app: NbGrader):
        self._app = app
        self._coursedir: CourseDirectory = app.coursedir
        self.assignment = self._coursedir.assignment_id
        root = Path(self._coursedir.root)
        if not (root / self._coursedir.source_directory).is_dir():
            raise NoCourseError(root)
        self._released = load(self._coursedir, self.assignment, app.config)
        self.students = list(submissions(self._coursedir))
        if not self.students:
            raise NothingSubmittedError(
                self.assignment,
                self._coursedir.student_id,
                root / self._coursedir.submitted_directory,
            )

    def run(self, force: bool = False) -> Iterator[Result]:
        """Grade, and yield what came of each submission as soon as it is known."""
        for student in self.students:
            with temp_attrs(self._coursedir, student_id=glob.escape(student)):
                yield self._grade(student, force)

    def _grade(self, student: str, force: bool) -> Result:
        begin = time.monotonic()
        if not is_student_name(student):
            reason = "rename the folder: a student cannot have this name"
            return Result(student, "failed", reason=reason)
        try:
            admission = admit(self._coursedir, student, self.assignment, self._released.notebooks)
        except (OSError, ValueError) as error:
            return Result(student, "failed", reason=one_line(f"cannot be taken in: {error}"))
        state = state_of(self._coursedir, admission, self._released)
        if not force and (kept := self._stored(student, "kept", state)):
            return kept

        converter = SingleAutograde(coursedir=self._coursedir, parent=self._app)
        converter.force = True
        with _captured(self._app.log) as log:
            try:
                converter.start()
            except NbGraderException as error:
                return self._failed(student, converter.failure or error, log.getvalue())
        result = self._stored(student, "graded", state, time.monotonic() - begin)
        if result is None:
            missing = RuntimeError("grading left no complete record")
            return self._failed(student, missing, log.getvalue())
        return result

    def _stored(
        self, student: str, what: str, state: str, seconds: float | None = None
    ) -> Result | None:
        """Return what notebook and gradebook hold if it is complete and for this state."""
        records = stored_records(self._coursedir, student, self.assignment, self._released)
        if any("scores" not in record or record["state"] != state for record in records):
            return None
        if not any("log" in record for record in records):
            return None
        with Gradebook(self._coursedir.db_url, self._coursedir.course_id) as gradebook:
            try:
                row = gradebook.find_submission(self.assignment, student)
            except MissingEntry:
                return None
            score = max(0.0, row.score - row.late_submission_penalty)
            max_score, needs_marking = row.max_score, row.needs_manual_grade
        return Result(
            student,
            what,
            score,
            max_score,
            needs_marking,
            round(sum(record["seconds"] for record in records) if seconds is None else seconds, 2),
            stored_flags(records),
            {name: points for record in records for name, points in record["scores"].items()},
        )

    def _failed(self, student: str, error: Exception, log: str) -> Result:
        shelf = Path(self._coursedir.format_path(RECEIVED, student, self.assignment))
        path = shelf / "failure.log"
        path.write_text(log, encoding="utf-8", errors="replace")
        reason = one_line(f"{type(error).__name__}: {error}", 160)
        return Result(student, "failed", reason=f"{reason} (log: {path})")


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
        except (OSError, ValueError):
            page = {}
        records.append(dict(page.get("metadata", {}).get("millwright", {})))
    return records


def stored_flags(records: list[dict[str, Any]]) -> tuple[Flag, ...]:
    """Return the flags of all records, each once."""
    flags = [Flag.from_dict(stored) for record in records for stored in record.get("flags", [])]
    return tuple(dict.fromkeys(flags))


@contextmanager
def _captured(log: logging.Logger) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        yield stream
    finally:
        log.removeHandler(handler)
