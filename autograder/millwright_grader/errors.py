"""Errors that stop the grader's user, each with the next step to take.

What is wrong with *one submission* is never an exception for the class: it is a flag
(`millwright_grader.flags`) that travels with that submission alone.
"""

from pathlib import Path


class GraderError(Exception):
    """Base of everything this package raises on purpose."""


class NoCourseError(GraderError):
    """The command was not started in a course folder."""

    def __init__(self, folder: Path):
        super().__init__(
            f"{folder} is not a course folder: it has no source/. "
            "Change into the folder that holds nbgrader_config.py, or pass --course-dir."
        )


class UnknownAssignmentError(GraderError):
    """The gradebook does not know the assignment."""

    def __init__(self, assignment: str, known: list[str]):
        there_are = f" The gradebook knows: {', '.join(known)}." if known else ""
        super().__init__(
            f"The gradebook has no assignment {assignment!r}.{there_are} "
            f"Run `nbgrader generate_assignment {assignment}` first."
        )


class NothingSubmittedError(GraderError):
    """No submission matches."""

    def __init__(self, assignment: str, student: str, folder: Path):
        who = "" if student == "*" else f" by {student!r}"
        super().__init__(
            f"No submission of {assignment!r}{who} lies in {folder}. "
            f"Run `nbgrader collect {assignment}` first."
        )


class UnreadableNotebookError(GraderError):
    """A file that should be a notebook is none; ``reason`` is one short clause."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class ReceiptError(GraderError):
    """A receipt file cannot be read."""

    def __init__(self, path: Path, reason: str):
        super().__init__(
            f"{path} is not a receipt: {reason}. "
            "Use the receipt.json that lies with the submission, as it was written."
        )
        self.reason = reason


class AnswerError(GraderError):
    """An answer file does not follow its format."""

    def __init__(self, path: Path, reason: str):
        super().__init__(
            f"{path}: {reason}. An answer file is a docstring, then "
            "`# %% <grade_id>` headers, each followed by the code of that solution cell."
        )


class KernelStartError(GraderError):
    """The kernel did not start; that is never the student's fault."""

    def __init__(self, kernel_name: str, reason: str):
        super().__init__(
            f"The kernel {kernel_name!r} did not start ({reason}). No score was changed. "
            "Run `jupyter kernelspec list` in the grader's environment, then grade again."
        )


class UnknownUnitError(GraderError):
    """A course folder has no source of this unit."""

    def __init__(self, unit: str, folder: Path):
        known = ", ".join(sorted({path.parent.name for path in folder.glob("*/*.ipynb")}))
        there_are = f" There are: {known}." if known else ""
        super().__init__(
            f"{folder} has no unit {unit!r}.{there_are} "
            "Change into the folder that holds nbgrader_config.py, or pass --course-dir."
        )


class NothingToProveError(GraderError):
    """A unit has neither answers nor code to mutate."""

    def __init__(self, unit: str, asked: str):
        super().__init__(
            f"{unit} has nothing to prove its tests with (asked for: {asked}). "
            f"Write answers into answers/{unit}/accept and answers/{unit}/reject, or a solution "
            "between ### BEGIN SOLUTION and ### END SOLUTION."
        )


class MissingExtraError(GraderError):
    """A library of an optional part is not installed."""

    def __init__(self, library: str, extra: str):
        super().__init__(
            f'{library} is not installed. Run `pip install "millwright[{extra}]"` '
            "in the grader's environment."
        )


class SolutionError(GraderError):
    """A solution cell cannot be mutated."""

    def __init__(self, cell: str, reason: str):
        super().__init__(
            f"The solution cell {cell} is not plain Python ({reason}). "
            "Put magics and shell commands into a cell of their own."
        )


class EquivalentError(GraderError):
    """The list of equivalent mutants is wrong."""

    def __init__(self, path: Path, reason: str):
        super().__init__(
            f"{path}: {reason}. Each [[mutant]] has cell, before, after and reason; copy the "
            "changed lines from what `millwright-grade prove` shows, and delete what has gone."
        )


class GradeLogError(GraderError):
    """The grade log cannot be read or written."""

    def __init__(self, path: Path, reason: str):
        super().__init__(
            f"The grade log {path} cannot be used: {reason}. No entry was lost. "
            "See that the disk has room and that you may write there, then grade again."
        )


class KeptTestsError(GraderError):
    """The tests of an earlier grading are not there, or not as they were kept."""

    def __init__(self, path: Path, reason: str):
        super().__init__(f"{path} {reason}. Take the file from a backup of the course.")


class ProcessLostError(GraderError):
    """A process that ran notebooks has gone."""

    def __init__(self) -> None:
        super().__init__(
            "A process that ran notebooks ended by itself, perhaps for lack of memory. "
            "Run the command again, with --workers=1 if it happens again."
        )


class GradebookError(GraderError):
    """The gradebook could not be written."""

    def __init__(self, reason: str):
        super().__init__(
            f"the gradebook could not be written ({reason}). Nothing of this grading is stored: "
            "close what else works on it, or make room on the disk, and grade again."
        )


class NoClusterError(GraderError):
    """No Dask scheduler answers."""

    def __init__(self, address: str, reason: str):
        super().__init__(
            f"No Dask scheduler answers at {address!r} ({reason}). "
            "Start one with `dask scheduler` and `dask worker ADDRESS --nthreads 1` on machines "
            "that see the course folder, or leave --dask out."
        )


class LostProcessError(GraderError):
    """A process that a submission ran in was lost; that is not the student's fault."""

    def __init__(self, reason: str):
        super().__init__(f"{reason}. No score was changed: grade again.")
