"""One submission, from the folder as it was handed in to points, without the gradebook.

This is the work that many processes can do side by side. It takes in, reads, runs and marks with
the preprocessors of the course's own configuration, and returns plain values; who called writes
them down. Any process that sees the course folder can do it, on this machine or another one.
"""

import contextlib
import io
import logging
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, SaveAutoGrades
from nbgrader.utils import compute_checksum, determine_grade, find_all_files, is_grade, is_task
from nbgrader.utils import is_solution as is_answer
from traitlets import Instance
from traitlets.config import Config, LoggingConfigurable
from traitlets.utils.importstring import import_item

from millwright_grader.autograde import RecordGrades, note, state_of
from millwright_grader.errors import LostProcessError
from millwright_grader.flags import Flag, one_line
from millwright_grader.intake import admit, is_student_name
from millwright_grader.reading import grade_ready
from millwright_grader.released import Released
from millwright_grader.sandbox import private_folder

# What writes into the gradebook is the business of the one who does (`gradebook.Book`).
_WRITERS = (SaveAutoGrades, AssignLatePenalties, RecordGrades)

# Every cell has the metadata of the release by now, which were looked at when that was made.
_NEEDLESS = (CheckCellMetadata,)


@dataclass(frozen=True)
class Work:
    """What is the same for all submissions of a class.

    Attributes
    ----------
    config : dict
        The course's configuration.
    root : str
        The course folder.
    released : Released
        The assignment.
    tests : str
        Digest of what grades it, see `versions.keep`.
    """

    config: dict[str, Any]
    root: str
    released: Released
    tests: str

    def __hash__(self) -> int:
        return hash((self.root, self.tests))


@dataclass(frozen=True)
class MarkedNotebook:
    """A notebook that was run.

    Attributes
    ----------
    name : str
    text : str
        The file; `Marked.blank` stands in it where the grade log's entry is named.
    scores : dict
        Points by grade id as the tests gave them; None where a person marks.
    comments : dict
        nbgrader's remark by the grade id of each answer; None where there is none.
    flags : tuple of Flag
    seconds : float
    """

    name: str
    text: str
    scores: dict[str, float | None]
    comments: dict[str, str | None]
    flags: tuple[Flag, ...]
    seconds: float


@dataclass(frozen=True)
class Marked:
    """What came of one submission.

    Attributes
    ----------
    student : str
    state : str
        Digest of everything that the grade depends on, see `state_of`.
    submission : str
        Digest of what was handed in.
    kept : bool
        Whether an earlier grading of the same state was found instead; nothing was run.
    notebooks : tuple of MarkedNotebook
    blank : str
        What to replace in the notebooks' text.
    failure : str
        Why there is no grade; empty where there is one.
    log : str
        What nbgrader and its preprocessors had to say.
    """

    student: str
    state: str = ""
    submission: str = ""
    kept: bool = False
    notebooks: tuple[MarkedNotebook, ...] = ()
    blank: str = ""
    failure: str = ""
    log: str = field(default="", repr=False)


class Desk(LoggingConfigurable):
    """What the preprocessors of a submission have as their parent."""

    coursedir = Instance(CourseDirectory)


def mark(work: Work, student: str, stored: str = "") -> Marked:
    """Mark one submission.

    Parameters
    ----------
    work : Work
    student : str
    stored : str, optional
        State of the last complete grading. If it is still the same, nothing is run.

    Returns
    -------
    Marked
        Also where something went wrong: one submission never stops the others.
    """
    with _said() as (log, said):
        try:
            try:
                return _mark(work, student, stored, log)
            except LostProcessError as error:
                log.warning("%s is marked again: %s", student, error)
                return _mark(work, student, stored, log, last_try=True)
        except Exception as error:
            log.exception("%s was not graded", student)
            reason = one_line(f"{type(error).__name__}: {error}", 160)
            return Marked(student, failure=reason, log=said.getvalue())


def prepare(work: Work) -> None:
    """Start what the processes that this one forks will share; only speed depends on it."""
    coursedir, *_, steps = _tools(work)
    desk = Desk(config=Config(work.config), coursedir=coursedir)
    for step in steps:
        if hasattr(step, "prepare"):
            with contextlib.suppress(Exception):  # each submission will say what is wrong
                step(parent=desk).prepare()


def _mark(
    work: Work, student: str, stored: str, log: logging.Logger, last_try: bool = False
) -> Marked:
    if not is_student_name(student):
        return Marked(student, failure="rename the folder: a student cannot have this name")
    coursedir, sanitising, grading = _tools(work)
    released = work.released
    try:
        admission = admit(coursedir, student, released.name, released.notebooks)
    except (OSError, ValueError) as error:
        return Marked(student, failure=one_line(f"cannot be taken in: {error}"))
    state = state_of(coursedir, admission, work.tests)
    if stored == state:
        return Marked(student, state, admission.digest, kept=True)

    desk = Desk(config=Config(work.config), coursedir=coursedir, log=log)
    blank = secrets.token_hex(32)
    notebooks = []
    with private_folder() as place:
        folder = str(place)
        lay_out(coursedir, released.name, admission.folder, Path(folder))
        for name in released.notebooks:
            begin = time.monotonic()
            node, flags = grade_ready(
                admission.folder,
                released.notebooks[name],
                released,
                1000 * coursedir.max_file_size,
            )
            flags = [*admission.flags, *flags]
            node.metadata.millwright = NotebookNode(
                submission=admission.digest,
                state=state,
                flags=[found.to_dict() for found in flags],
            )
            resources = ResourcesDict(
                millwright_last_try=last_try,
                unique_key=name,
                output_files_dir=f"{name}_files",
                metadata=ResourcesDict(name=name, path=folder),
                nbgrader={
                    "student": student,
                    "assignment": released.name,
                    "notebook": name,
                    "db_url": coursedir.db_url,
                },
            )
            for step in (*sanitising, *grading):
                node, resources = step(parent=desk)(node, resources)
            # Where running was not part of the configuration, nothing has taken the time.
            node.metadata.millwright.setdefault("seconds", round(time.monotonic() - begin, 2))
            is_last = name == list(released.notebooks)[-1]
            notebooks.append(_marked(name, node, blank if is_last else ""))
    return Marked(student, state, admission.digest, False, tuple(notebooks), blank)


def _marked(name: str, node: NotebookNode, blank: str) -> MarkedNotebook:
    """Return a notebook that was run with its points, as nbgrader's rules give them."""
    record = node.metadata.millwright
    scores: dict[str, float | None] = {}
    comments: dict[str, str | None] = {}
    for cell in node.cells:
        if is_grade(cell) or is_task(cell):
            grade_id = cell.metadata.nbgrader["grade_id"]
            scores[grade_id] = determine_grade(cell)[0] if is_grade(cell) else None
        if is_answer(cell) or is_task(cell):
            same = cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
            grade_id = cell.metadata.nbgrader["grade_id"]
            comments[grade_id] = "No response." if same and not is_task(cell) else None
    flags = tuple(Flag.from_dict(stored) for stored in record.get("flags", []))
    record.scores = dict(scores)
    if blank:
        record.log = blank
    if flags:
        node.cells.insert(0, note(list(flags)))
    return MarkedNotebook(
        name, nbformat.writes(node) + "\n", scores, comments, flags, float(record.seconds)
    )


def lay_out(coursedir: CourseDirectory, assignment: str, submitted: Path, folder: Path) -> None:
    """Copy the files beside the notebooks, as nbgrader does: the course's own go over them."""
    source = Path(coursedir.format_path(coursedir.source_directory, ".", assignment))
    exclude = Autograde(coursedir=coursedir, parent=coursedir).exclude_overwriting
    own = {str(source / name) for name in exclude.get(assignment, [])}
    for origin in (submitted, source):
        for path in find_all_files(str(origin), [*coursedir.ignore, "*.ipynb"]):
            if origin == source and path in own:
                continue
            target = folder / os.path.relpath(path, origin)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copy(path, target)


@lru_cache(maxsize=4)
def _tools(work: Work) -> tuple[CourseDirectory, list[Any], list[Any]]:
    """Return the course folder and the steps of its configuration."""
    os.environ["NBGRADER_EXECUTION"] = "autograde"
    coursedir = course_directory(work)
    converter = Autograde(coursedir=coursedir, parent=coursedir)

    def steps(configured: list[Any]) -> list[Any]:
        kinds = map(_kind, configured)
        return [kind for kind in kinds if not issubclass(kind, (*_WRITERS, *_NEEDLESS))]

    return (
        coursedir,
        steps(converter.sanitize_preprocessors),
        steps(converter.autograde_preprocessors),
    )


def course_directory(work: Work) -> CourseDirectory:
    """Return the course folder that the work is about."""
    coursedir = CourseDirectory(config=Config(work.config))
    coursedir.root = work.root
    coursedir.assignment_id = work.released.name
    return coursedir


def _kind(step: Any) -> Any:
    return import_item(step) if isinstance(step, str) else step


@contextlib.contextmanager
def _said() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger for one submission, and what it was told."""
    said = io.StringIO()
    log = logging.Logger("millwright_grader", logging.INFO)
    handler = logging.StreamHandler(said)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log.addHandler(handler)
    yield log, said
