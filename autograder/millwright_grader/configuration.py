"""One call that sets nbgrader to Millwright's classes.

Everything is set by nbgrader's own options and by dotted name, so formgrader can still show
the configuration and a teacher can override any line after the call.  The same call fits a
course folder, a student's server and a grader's: what only one of them needs is decided
when it is used, not here.
"""

import os
import shutil
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from traitlets.config import Config

Owners = Literal["accounts"] | Mapping[str, int] | Callable[[str], int | None]

_PREPROCESSORS = "nbgrader.preprocessors"
_SPLIT = "millwright_grader.split.execution.SplitExecute"
_EXECUTE = {
    "sealed": _SPLIT,
    "unsealed": _SPLIT,
    "cold": "millwright_grader.execution.MillwrightExecute",
}


Execution = Literal["sealed", "unsealed", "cold"]

# What the kernels of a course find imported, where its own list is not given.
IMPORTS = (
    *("numpy", "pandas", "matplotlib.pyplot"),
    *("scipy.integrate", "scipy.optimize", "scipy.signal", "scipy.stats"),
)


def configure(
    c: Config,
    *,
    owners: Owners | None = None,
    execution: Execution = "sealed",
    imports: Sequence[str] = IMPORTS,
) -> None:
    """Set nbgrader to read, grade, collect, export and give feedback as Millwright does.

    Parameters
    ----------
    c : Config
        What ``get_config()`` returns in ``nbgrader_config.py``.
    owners : optional
        Who may hand in for whom, where students have separate accounts:
        ``"accounts"`` if a student's name is the name of the operating system's account,
        else a mapping or a function from student to user id (``None``: unknown, refused).
        Collect refuses a submission that belongs to somebody else.  Left out, it cannot
        tell, and does not pretend to.
    execution : optional
        How student code runs.  ``"sealed"``: in a kernel that reaches neither files nor
        network, apart from the process that runs the tests; refuses to grade where the
        machine's Linux cannot do it.  Weaker, and to be chosen knowingly: ``"unsealed"``, two
        processes without the seal, and ``"cold"``, nbgrader's way, one new kernel for student
        code and tests, with the rights of whoever grades.
    imports : optional
        Modules that take long to import and that this course's notebooks use; each kernel finds
        them imported.  One that is not installed makes no difference but time.
    """
    c.ExchangeFactory.submit = "millwright_grader.exchange.MillwrightSubmit"
    c.ExchangeFactory.collect = "millwright_grader.exchange.MillwrightCollect"
    c.ExchangeFactory.list = "millwright_grader.exchange.MillwrightList"
    # nbgrader's own check compares with account names only, and then collects all the same.
    c.ExchangeCollect.check_owner = False
    if owners is not None:
        c.MillwrightCollect.owners = owners

    if execution != "cold":
        # nbgrader's own list, and one step that only looks; it must see what later steps remove.
        c.GenerateAssignment.preprocessors = [
            f"{_PREPROCESSORS}.IncludeHeaderFooter",
            f"{_PREPROCESSORS}.InstantiateTests",
            f"{_PREPROCESSORS}.LockCells",
            "millwright_grader.generate.NameUnsuitableTests",
            f"{_PREPROCESSORS}.ClearSolutions",
            f"{_PREPROCESSORS}.ClearOutput",
            f"{_PREPROCESSORS}.CheckCellMetadata",
            f"{_PREPROCESSORS}.ComputeChecksums",
            f"{_PREPROCESSORS}.SaveCells",
            f"{_PREPROCESSORS}.ClearHiddenTests",
            f"{_PREPROCESSORS}.ClearMarkScheme",
            f"{_PREPROCESSORS}.ComputeChecksums",
            f"{_PREPROCESSORS}.CheckCellMetadata",
        ]

    c.Autograde.exporter_class = "millwright_grader.autograde.SubmissionExporter"
    # Cells and kernel are the released ones already when a submission has been read; nbgrader's own
    # two steps for that would only ask the gradebook again.
    c.Autograde.sanitize_preprocessors = [
        f"{_PREPROCESSORS}.ClearOutput",
        f"{_PREPROCESSORS}.DeduplicateIds",
        f"{_PREPROCESSORS}.CheckCellMetadata",
    ]
    c.Autograde.autograde_preprocessors = [
        _EXECUTE[execution],
        f"{_PREPROCESSORS}.IgnorePattern",
        "nbconvert.preprocessors.ClearMetadataPreprocessor",
        f"{_PREPROCESSORS}.LimitOutput",
        f"{_PREPROCESSORS}.SaveAutoGrades",
        f"{_PREPROCESSORS}.AssignLatePenalties",
        "millwright_grader.autograde.RecordGrades",
        f"{_PREPROCESSORS}.CheckCellMetadata",
    ]
    c.SplitExecute.sandbox = execution == "sealed"
    c.SplitExecute.imports = list(imports)
    # Seconds for one cell.  nbgrader's 30 are short for the imports of a cold kernel on a
    # busy machine; MillwrightExecute.budget bounds the whole notebook.
    c.Execute.timeout = 60

    c.GenerateFeedback.preprocessors = [
        f"{_PREPROCESSORS}.GetGrades",
        "millwright_grader.feedback.HideTests",
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
        "millwright_grader.feedback.FitPhones",
    ]
    # For feedback and for what formgrader shows to the teacher.
    c.HTMLExporter.sanitize_html = True
    c.HTMLExporter.filters = {
        "markdown2html": "millwright_grader.feedback.markdown_to_safe_html",
        "clean_html": "millwright_grader.feedback.safe_html",
    }

    c.ExportApp.plugin_class = "millwright_grader.export.GradeTable"

    # nbgrader makes a new gradebook by running `alembic`, found by name; where it is not
    # found (an environment that was not activated), a half-made gradebook stays behind.
    if shutil.which("alembic") is None:
        scripts = sysconfig.get_path("scripts")
        os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), scripts])
