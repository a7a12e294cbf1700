"""The one writer: gradebook, grade log and graded notebooks of a class.

A submission is written as a whole: its rows in one transaction, then the folder under
``autograded/`` in one rename. The notebooks name the grade log's entry, and come last; a grading
that was killed before is not complete, and is done again with the same rows as its outcome.
"""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    InvalidEntry,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import Autograde
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades
from sqlalchemy.exc import OperationalError
from traitlets.utils.importstring import import_item

from millwright_grader.autograde import RecordGrades
from millwright_grader.errors import GradebookError
from millwright_grader.gradelog import Entry, GradeLog
from millwright_grader.released import Released
from millwright_grader.submission import Desk, Marked, MarkedNotebook, lay_out

# Another program may hold the gradebook for a moment; formgrader does at every mark.
PATIENCE_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 0.05

T = TypeVar("T")


class Book:
    """The gradebook of a course, open for one assignment.

    Parameters
    ----------
    app : NbGrader
        An application with the course's configuration.
    released : Released
        The assignment.
    tests : str
        Digest of what grades it, see `versions.keep`.
    """

    def __init__(self, app: NbGrader, released: Released, tests: str) -> None:
        self._tests = tests
        self._coursedir = app.coursedir
        self._released = released
        self._converter = Autograde(coursedir=app.coursedir, parent=app)
        self._log = GradeLog(app.coursedir, parent=app)
        desk = Desk(config=app.config, coursedir=app.coursedir, log=app.log)
        steps = [
            import_item(step) if isinstance(step, str) else step
            for step in self._converter.autograde_preprocessors
        ]
        self._penalties = next(
            (step(parent=desk) for step in steps if step is AssignLatePenalties), None
        )
        # A course's own versions of the steps that write are run as they are.
        known = (SaveAutoGrades, AssignLatePenalties, RecordGrades)
        self._more = [
            step(parent=desk) for step in steps if issubclass(step, known) and step not in known
        ]
        self._names: dict[str, str] = {}  # grade ids by the keys of their cells
        self._patience = PATIENCE_SECONDS
        try:
            self._gradebook = self._patiently(
                lambda: Gradebook(app.coursedir.db_url, app.coursedir.course_id)
            )
        except OperationalError as error:
            raise GradebookError(str(error.orig)) from error

    def __enter__(self) -> "Book":
        return self

    def __exit__(self, *raised: object) -> None:
        self._gradebook.close()

    def points(self, student: str) -> tuple[float, float, bool] | None:
        """Return score, maximum and whether marking is due; None where nothing is stored."""
        try:
            row = self._patiently(
                lambda: self._gradebook.find_submission(self._released.name, student)
            )
        except MissingEntry:
            return None
        self._gradebook.db.refresh(row)
        score = max(0.0, row.score - row.late_submission_penalty)
        return score, row.max_score, row.needs_manual_grade

    def write(self, marked: Marked) -> None:
        """Write down a submission that was marked.

        Raises
        ------
        GradebookError
            Somebody else holds the gradebook, or the disk is full; nothing is half written.
        """
        heads: list[str] = []
        try:
            head = self._patiently(lambda: self._write_rows(marked, heads))
        except OperationalError as error:
            self._patience = 0.0  # the others need not wait as long again
            raise GradebookError(str(error.orig)) from error
        with self._new_folder(marked.student) as folder:
            submitted = Path(
                self._coursedir.format_path(
                    self._coursedir.submitted_directory, marked.student, self._released.name
                )
            )
            lay_out(self._coursedir, self._released.name, submitted, folder)
            for notebook in marked.notebooks:
                (folder / f"{notebook.name}.ipynb").write_text(
                    notebook.text.replace(marked.blank, head), encoding="utf-8"
                )
        self._converter.set_permissions(self._released.name, marked.student)
        for notebook in marked.notebooks if self._more else ():
            self._run_own_steps(marked.student, notebook)

    def _write_rows(self, marked: Marked, heads: list[str]) -> str:
        """Write rows and log entry; `heads` holds the entry's digest if one try has written it."""
        book, db = self._gradebook, self._gradebook.db
        folder = self._coursedir.format_path(
            self._coursedir.submitted_directory, marked.student, self._released.name
        )
        stamp = self._coursedir.get_existing_timestamp(folder)
        book.update_or_create_student(marked.student)
        submission = book.update_or_create_submission(
            self._released.name, marked.student, **({"timestamp": stamp} if stamp else {})
        )
        rows = {row.name: row for row in submission.notebooks}
        for notebook in marked.notebooks:
            self._fill(rows[notebook.name], notebook)
        db.flush()
        penalty = sum(
            self._penalise(submission, rows[notebook.name]) for notebook in marked.notebooks
        )
        if not heads:
            heads.append(self._log.append(self._entry(submission, marked, penalty)))
        db.commit()
        return heads[0]

    def _fill(self, row: SubmittedNotebook, notebook: MarkedNotebook) -> None:
        cells = self._released.notebooks[notebook.name].by_name
        for grade in row.grades:
            name = self._name(grade)
            if name in notebook.scores and not cells[name].is_task:
                grade.auto_score = notebook.scores[name]
                grade.needs_manual_grade = (
                    grade.manual_score is not None or grade.auto_score is None
                )
        for comment in row.comments:
            name = self._name(comment)
            if name in notebook.comments:
                comment.auto_comment = notebook.comments[name]
        if any(found.attention for found in notebook.flags):
            row.flagged = True

    def _name(self, row: Grade | Comment) -> str:
        """Return the grade id of a row, whose cell the database need not be asked for each time."""
        key = row.cell_id or row.cell.id
        if key not in self._names:
            self._names[key] = str(row.name)
        return self._names[key]

    def _penalise(self, submission: SubmittedAssignment, row: SubmittedNotebook) -> float:
        """Set the penalty for handing in late, by the course's own rule; return it."""
        if self._penalties is None:
            return float(row.late_submission_penalty or 0.0)
        row.late_submission_penalty = None
        late = submission.total_seconds_late
        if late > 0:
            self._penalties.init_plugin()
            self._gradebook.db.refresh(row, ["score"])
            penalty = self._penalties.plugin_inst.late_submission_penalty(
                submission.student.id, row.score, late
            )
            if penalty is not None:
                row.late_submission_penalty = min(max(0.0, penalty), row.score)
                self._gradebook.db.flush()
        return float(row.late_submission_penalty or 0.0)

    def _entry(self, submission: SubmittedAssignment, marked: Marked, penalty: float) -> Entry:
        cells = [
            cell
            for notebook in self._released.notebooks.values()
            for cell in notebook.cells
            if "points" in cell.metadata["nbgrader"]
        ]
        kinds = [found.kind for notebook in marked.notebooks for found in notebook.flags]
        stamp = submission.timestamp
        return Entry(
            course=self._coursedir.course_id,
            assignment=self._released.name,
            student=marked.student,
            submission=marked.submission,
            submitted=stamp.isoformat() if stamp else None,
            tests=self._tests,
            state=marked.state,
            millwright=version("millwright"),
            scores={k: v for notebook in marked.notebooks for k, v in notebook.scores.items()},
            max_scores={cell.name: cell.metadata["nbgrader"]["points"] for cell in cells},
            late_penalty=penalty,
            flags=list(dict.fromkeys(kinds)),
            seconds=round(sum(notebook.seconds for notebook in marked.notebooks), 2),
        )

    @contextlib.contextmanager
    def _new_folder(self, student: str) -> Iterator[Path]:
        """A folder that takes the place of the student's graded one when the block ends."""
        final = Path(
            self._coursedir.format_path(
                self._coursedir.autograded_directory, student, self._released.name
            )
        )
        final.parent.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=".", dir=final.parent))
        try:
            new = room / "new"
            new.mkdir()
            yield new
            if final.exists():
                final.rename(room / "old")
            new.rename(final)
        finally:
            shutil.rmtree(room, ignore_errors=True)

    def _run_own_steps(self, student: str, notebook: MarkedNotebook) -> None:
        resources = ResourcesDict(
            unique_key=notebook.name,
            nbgrader={
                "student": student,
                "assignment": self._released.name,
                "notebook": notebook.name,
                "db_url": self._coursedir.db_url,
            },
        )
        node = nbformat.reads(notebook.text, as_version=4)
        for step in self._more:
            node, resources = step(node, resources)

    def _patiently(self, act: Callable[[], T]) -> T:
        """Do something with the gradebook; wait while another program holds it."""

        def undo() -> None:
            if book := getattr(self, "_gradebook", None):
                book.db.rollback()

        return patiently(act, self._patience, undo)


def patiently(
    act: Callable[[], T], seconds: float = PATIENCE_SECONDS, undo: Callable[[], None] | None = None
) -> T:
    """Do something with a gradebook; try it again while another program holds it.

    Parameters
    ----------
    act
        What to do; all of it is done again.
    seconds
        How long to try.
    undo
        Called after each failure.

    Raises
    ------
    OperationalError
        The database's own reason, also where nbgrader hides it behind an error of its own.
    """
    pause, limit = FIRST_PAUSE_SECONDS, time.monotonic() + seconds
    while True:
        try:
            return act()
        except Exception as error:
            if undo is not None:
                undo()
            cause = error.__context__ if isinstance(error, InvalidEntry) else error
            if not isinstance(cause, OperationalError):
                raise
            if "locked" not in str(cause.orig) or time.monotonic() > limit:
                raise cause from None
            time.sleep(pause)
            pause *= 2
