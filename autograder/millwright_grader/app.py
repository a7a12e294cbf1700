"""``millwright-grade``: grade a class from the command line."""

import contextlib
import json
import logging
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from jupyter_core.application import NoStart
from nbgrader.apps.baseapp import NbGrader, nbgrader_aliases, nbgrader_flags
from sqlalchemy.exc import SAWarning
from tqdm import tqdm
from traitlets import Bool, Integer, Unicode, default

from millwright_grader.errors import GraderError
from millwright_grader.flags import one_line
from millwright_grader.grading import ClassGrading, Result

# Exit codes.
ALL_GRADED = 0
SOME_NOT_GRADED = 1
NOTHING_DONE = 2
INTERRUPTED = 130


class GradeApp(NbGrader):
    """Grade all submissions of an assignment."""

    name = "millwright-grade"
    description = "Grade all submissions of an assignment in a course folder."
    examples = """
        millwright-grade ps1                    # whoever has handed in something new
        millwright-grade ps1 --force            # everybody again
        millwright-grade ps1 --student anna     # one student, or a pattern such as 'a*'
        millwright-grade ps1 --json > ps1.json  # for other programs

        Exit code: 0 every submission was graded (look at the flags), 1 at least one was
        not, 2 nothing could be done, 130 interrupted; what was graded before that is kept.
    """

    aliases = {
        name: nbgrader_aliases[name]
        for name in ("student", "assignment", "course-dir", "log-level")
    } | {"workers": "GradeApp.workers", "dask": "GradeApp.dask"}
    flags = {  # noqa: RUF012
        "force": ({"GradeApp": {"force": True}}, "Grade again even where nothing has changed."),
        "json": ({"GradeApp": {"as_json": True}}, "Print the results as JSON."),
        "debug": nbgrader_flags["debug"],
    }

    subcommands = {  # noqa: RUF012
        "prove": ("millwright_grader.prove.ProveApp", "Show what a unit's tests find."),
        "audit": ("millwright_grader.audit.AuditApp", "Look for later changes to grades."),
    }

    force = Bool(False, help="Grade again even where nothing has changed.").tag(config=True)
    as_json = Bool(False, help="Print the results as JSON.").tag(config=True)
    workers = Integer(
        0, min=0, help="Processes that mark side by side; 0: one for each processor."
    ).tag(config=True)
    dask = Unicode(
        "", help="Address of a Dask scheduler whose workers mark, e.g. tcp://10.0.0.1:8786."
    ).tag(config=True)

    exit_code = ALL_GRADED

    @default("log_level")
    def _log_level_default(self) -> int:
        # The table says it all; the log of a failed submission is kept in a file.
        return logging.CRITICAL

    def initialize(self, argv: list[str] | None = None, root: str = "") -> None:
        """Read the command line and the course's configuration."""
        super().initialize(argv, root)
        # nbgrader resolves a relative name of the course folder anew with each change of the
        # configuration, and changes into that folder while it converts.
        self.config.CourseDirectory.root = self.coursedir.root

    def start(self) -> None:
        """Grade and print."""
        super().start()
        names = [name for name in (*self.extra_args, self.coursedir.assignment_id) if name]
        if len(names) != 1:
            print("Name one assignment: millwright-grade <assignment>", file=sys.stderr)
            self.exit_code = NOTHING_DONE
            return
        self.coursedir.assignment_id = names[0]
        try:
            grading = ClassGrading(self)
        except GraderError as error:
            print(error, file=sys.stderr)
            self.exit_code = NOTHING_DONE
            return

        results: list[Result] = []
        try:
            running = grading.run(self.force, self.workers or None, self.dask)
            for result in tqdm(running, total=len(grading.students), unit="", disable=None):
                results.append(result)
        except KeyboardInterrupt:
            self.exit_code = INTERRUPTED
        except GraderError as error:
            print(error, file=sys.stderr)
            self.exit_code = NOTHING_DONE
        else:
            failed = any(result.state == "failed" for result in results)
            self.exit_code = SOME_NOT_GRADED if failed else ALL_GRADED
        results.sort(key=lambda result: result.student)
        if self.as_json:
            print(as_json(grading, results))
        else:
            print(as_table(results))


def as_json(grading: ClassGrading, results: Sequence[Result]) -> str:
    """Return results for other programs."""
    content: dict[str, Any] = {
        "assignment": grading.assignment,
        "seconds": round(grading.seconds, 3),
        "writing_seconds": round(grading.writing_seconds, 3),
        "results": [result.to_dict() for result in results],
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def as_table(results: Sequence[Result]) -> str:
    """Return results for a person: a table, then what to look at."""
    head = ("student", "score", "max", "seconds", "", "flags")
    rows = [
        (
            one_line(result.student, 40),
            "-" if result.state == "failed" else f"{result.score:g}",
            "-" if result.state == "failed" else f"{result.max_score:g}",
            f"{result.seconds:.1f}",
            result.state + (", to be marked" if result.needs_marking else ""),
            ", ".join(dict.fromkeys(found.kind for found in result.flags)),
        )
        for result in results
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    right = {1, 2, 3}
    lines = [
        "  ".join(
            text.rjust(width) if place in right else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]
    look = [
        f"{one_line(result.student, 40)}: {message}"
        for result in results
        for message in (
            *([f"not graded: {result.reason}"] if result.reason else []),
            *(found.message for found in result.flags if found.attention),
        )
    ]
    if look:
        lines += ["", "To look at:", *look]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command and exit with its code."""
    # nbgrader builds its rows in an order that SQLAlchemy 2 comments on at every submission.
    warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")
    # What went wrong with the database, nbgrader's API tells tornado; here it is told in one line.
    logging.getLogger("tornado.application").setLevel(logging.CRITICAL + 1)
    app = GradeApp()
    app.initialize(list(argv) if argv is not None else None)
    with contextlib.suppress(NoStart):  # a subcommand has run in its place
        app.start()
    sys.exit((app.subapp or app).exit_code)
