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
