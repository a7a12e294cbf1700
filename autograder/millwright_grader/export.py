"""The grade table: one row per student and assignment, safe to open in a spreadsheet."""

import csv
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student
from nbgrader.plugins import ExportPlugin
from traitlets import Bool

from millwright_grader.grading import stored_flags, stored_records

# What a spreadsheet takes for the beginning of a formula or of another cell.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

COLUMNS = (
    *("student", "name", "assignment", "submitted_utc"),
    *("score", "max_score", "needs_marking", "flags"),
)


class GradeTable(ExportPlugin):
    """Write grades as CSV: UTF-8, quoted where needed, no text that acts as a formula.

    ``score`` is what counts: manual marks included, late penalty taken off.  Who has not
    handed in has an empty ``submitted_utc`` and score 0.
    """

    tasks = Bool(False, help="Add one column per graded cell.").tag(config=True)

    def export(self, gradebook: Gradebook) -> None:
        """Write the table to ``--to``, or to grades.csv."""
        path = Path(self.to or "grades.csv")
        only_students = {str(student) for student in self.student}
        only_assignments = {str(assignment) for assignment in self.assignment}
        rows = [
            self._row(gradebook, assignment, student)
            for assignment in gradebook.assignments
            if not only_assignments or assignment.name in only_assignments
            for student in gradebook.students
            if not only_students or student.id in only_students
        ]
        tasks = dict.fromkeys(name for row in rows for name in row if name not in COLUMNS)
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, [*COLUMNS, *tasks], restval="")
            table.writeheader()
            for row in rows:
                table.writerow({name: _harmless(value) for name, value in row.items()})
        self.log.info("Wrote %d rows to %s", len(rows), path)

    def _row(
        self, gradebook: Gradebook, assignment: Assignment, student: Student
    ) -> dict[str, Any]:
        row: dict[str, Any] = {
            "student": student.id,
            "name": " ".join(filter(None, (student.first_name, student.last_name))),
            "assignment": assignment.name,
            "submitted_utc": "",
            "score": 0.0,
            "max_score": assignment.max_score,
            "needs_marking": "no",
            "flags": "",
        }
        try:
            submission = gradebook.find_submission(assignment.name, student.id)
        except MissingEntry:
            return row
        records = stored_records(self.parent.coursedir, student.id, assignment.name)
        row |= {
            "submitted_utc": submission.timestamp.isoformat(" ", "seconds")
            if submission.timestamp
            else "unknown",
            "score": max(0.0, submission.score - submission.late_submission_penalty),
            "needs_marking": "yes" if submission.needs_manual_grade else "no",
            "flags": " ".join(dict.fromkeys(found.kind for found in stored_flags(records))),
        }
        if self.tasks:
            for notebook in submission.notebooks:
                row |= {grade.name: grade.score for grade in notebook.grades}
        return row


def _harmless(value: Any) -> Any:
    """Return text that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
