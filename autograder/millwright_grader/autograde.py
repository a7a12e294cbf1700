"""nbgrader's `Autograde`, reading what students really hand in.

`SubmissionExporter` is what nbgrader reads notebooks with (``c.Autograde.exporter_class``);
`RecordGrades` is the last step that writes.  Both are set by `configure`, so the command
line, formgrader's button and ``millwright-grade`` give the same rows in the gradebook.

The graded notebook says in its own metadata, under ``millwright``, what it was made from
and what was noticed.  That record is complete once it holds ``scores`` and, in the last notebook
of a submission, ``log``: the digest of the grading's entry in the grade log.
"""

import hashlib
import html
import json
import re
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook, SubmittedAssignment
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor

from millwright_grader import versions
from millwright_grader.errors import GraderError
from millwright_grader.flags import Flag, one_line
from millwright_grader.gradelog import Entry, GradeLog
from millwright_grader.intake import Admission, admit, is_student_name, submissions
from millwright_grader.reading import grade_ready
from millwright_grader.released import load

NOTE_ID = "millwright-note"


def state_of(coursedir: CourseDirectory, admission: Admission, tests: str) -> str:
    """Return a digest of everything a grade depends on: if it is the same, so is the grade.

    `tests` is that of what grades it, see `versions.keep`.
    """
    timestamp = coursedir.get_existing_timestamp(str(admission.folder))
    parts = [
        admission.digest,
        str(timestamp),
        [found.to_dict() for found in admission.flags],
        tests,
        version("millwright"),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class SubmissionExporter(NotebookExporter):
    """Read submitted notebooks so that none of them can stop the class.

    It is made by the converter after that has looked for notebooks and before it touches
    a submission: the one moment at which a folder without a usable notebook, or with things
    in it that must not be opened, can still be put right by configuration alone.
    """

    def __init__(self, config: Any = None, **kwargs: Any):
        super().__init__(config=config, **kwargs)
        self._admissions: dict[str, Admission] = {}
        self._records: dict[str, dict[str, NotebookNode]] = {}
        if isinstance(self.parent, Autograde):
            self._coursedir: CourseDirectory = self.parent.coursedir
            self._admit(self.parent)

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Read a notebook; a submitted one comes back whole and on the released cells.

        Called by the converter twice per notebook: with the submitted file, then with the
        sanitised one that it made of it.
        """
        student = (resources or {}).get("nbgrader", {}).get("student")
        admission = self._admissions.get(student)
        path = Path(filename)
        if resources is None or admission is None or path.parent != admission.folder:
            return super().from_filename(filename, resources, **kwargs)
        coursedir = self._coursedir
        node, flags = grade_ready(
            admission.folder,
            self._released.notebooks[path.stem],
            self._released,
            1000 * coursedir.max_file_size,
        )
        flags = [*admission.flags, *flags]
        for found in flags:
            self.log.warning("%s: %s", student, found.message)
        node.metadata.millwright = NotebookNode(
            submission=admission.digest,
            state=state_of(coursedir, admission, self._tests),
            flags=[found.to_dict() for found in flags],
        )
        resources["metadata"] = ResourcesDict(name=path.stem, path=str(path.parent))
        return self.from_notebook_node(node, resources, **kwargs)

    def log_grading(
        self, submission: SubmittedAssignment, notebook: str, record: NotebookNode
    ) -> None:
        """Write the grading into the grade log, once all notebooks of a submission are saved.

        Called by `RecordGrades` with each; the last one's record then names the log's entry.
        """
        student = submission.student.id
        admission = self._admissions.get(student)
        if admission is None or not isinstance(self.parent, Autograde):
            return
        records = self._records.setdefault(student, {})
        records[notebook] = record
        if notebook != Path(self.parent.notebooks[-1]).stem:
            return
        entry = grading_entry(
            submission,
            list(records.values()),
            course=self._coursedir.course_id,
            tests=self._tests,
        )
        record.log = GradeLog(self._coursedir, parent=self).append(entry)

    def _admit(self, converter: Autograde) -> None:
        """Let every submission through the door and tell the converter what it holds."""
        coursedir = self._coursedir
        try:
            self._released = load(coursedir, coursedir.assignment_id, self.config)
            self._tests = versions.keep(coursedir, self._released)
        except GraderError as error:
            self.log.error(str(error))
            raise NbGraderException(str(error)) from error
        names = [name for name in self._released.notebooks if fnmatch(name, coursedir.notebook_id)]
        for student, folder in submissions(coursedir).items():
            try:
                if not is_student_name(student):
                    raise ValueError("rename the folder: a student cannot have this name")
                admission = admit(
                    coursedir, student, coursedir.assignment_id, self._released.notebooks
                )
            except (OSError, ValueError) as error:
                self.log.error(
                    "%s: the submission cannot be taken in (%s)", one_line(student), error
                )
                # To the converter an empty list is an error of this student only, a name
                # that it cannot read one of the whole class.
                converter.assignments[str(folder)] = []
                if not is_student_name(student):
                    del converter.assignments[str(folder)]
            else:
                self._admissions[student] = admission
                converter.assignments[str(folder)] = [
                    str(folder / f"{name}.ipynb") for name in names
                ]


class RecordGrades(NbGraderPreprocessor):
    """Write down, in notebook and gradebook, what was graded and what to look at."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Run after nbgrader has saved the scores."""
        where = resources["nbgrader"]
        record = nb.metadata.setdefault("millwright", NotebookNode())
        flags = [Flag.from_dict(stored) for stored in record.get("flags", [])]
        with Gradebook(where["db_url"]) as gradebook:
            notebook = gradebook.find_submission_notebook(
                where["notebook"], where["assignment"], where["student"]
            )
            if any(found.attention for found in flags):
                notebook.flagged = True
                gradebook.db.commit()
            record.scores = {grade.name: grade.auto_score for grade in notebook.grades}
            if isinstance(self.parent, SubmissionExporter):
                self.parent.log_grading(notebook.assignment, where["notebook"], record)
        if flags:
            nb.cells.insert(0, note(flags))
        return nb, resources


def grading_entry(
    submission: SubmittedAssignment, records: list[dict[str, Any]], course: str, tests: str
) -> Entry:
    """Return what the grade log says of a submission.

    Parameters
    ----------
    submission : SubmittedAssignment
        As the gradebook has it after grading.
    records : list of dict
        ``metadata.millwright`` of its notebooks.
    course : str
    tests : str
        What graded it, see `versions.keep`.
    """
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    kinds = [stored["kind"] for record in records for stored in record.get("flags", [])]
    return Entry(
        course=course,
        assignment=submission.name,
        student=submission.student.id,
        submission=records[-1]["submission"],
        submitted=submission.timestamp.isoformat() if submission.timestamp else None,
        tests=tests,
        state=records[-1]["state"],
        millwright=version("millwright"),
        scores={grade.name: grade.auto_score for grade in grades},
        max_scores={grade.name: grade.max_score for grade in grades},
        late_penalty=submission.late_submission_penalty,
        flags=list(dict.fromkeys(kinds)),
        seconds=round(sum(record.get("seconds", 0.0) for record in records), 2),
    )


def note(flags: list[Flag]) -> NotebookNode:
    """Return a cell that says what was noticed, to the teacher and to the student."""
    lines = "\n".join(f"- {_as_text(found.what)}" for found in flags)
    return new_markdown_cell(f"**Noticed by the grader**\n\n{lines}", id=NOTE_ID)


def _as_text(text: str) -> str:
    """Escape text, parts of which are a student's, for Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+!|$~])", r"\\\1", html.escape(text))
