"""What a teacher should know about one submission, in one sentence each.

A flag says what happened (students may see that) and what the teacher can do about it.
Flags are stored in the graded notebook's metadata under ``millwright``, shown in its
first cell, in the table of ``millwright-grade`` and in the grade export.  A flag that
needs attention also raises nbgrader's own flag, which formgrader shows.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One kind of flag: what happened, what the teacher can do, how urgent it is."""

    what: str
    then: str
    attention: bool


KINDS = {
    # the submission as files
    "missing": Kind(
        "No notebook {file} was handed in. Its cells score 0.",
        "Ask the student to hand in again if that was a mistake.",
        True,
    ),
    "renamed": Kind(
        "{file} was not handed in; {found}, which holds its cells, was graded as {file}.",
        "Nothing to do.",
        False,
    ),
    "replaced": Kind(
        "{file} could not be used: {reason}. {found}, which holds its cells, was graded.",
        "Ask the student which one counts.",
        True,
    ),
    "refused": Kind(
        "Not taken in: {names}.",
        "The folder as it was found is kept: {kept}.",
        True,
    ),
    "owner": Kind(
        "The folder belongs to account {owner}, not to {student}.",
        "Nothing was collected for {student} from it. Ask both.",
        True,
    ),
    "changed-after-submission": Kind(
        "The files are not the ones that the receipt {code} was given for: {changes}.",
        "Compare with the student's own receipt, then decide.",
        True,
    ),
    "bad-receipt": Kind(
        "The receipt that came with the submission is not a valid one: {reason}.",
        "Ask the student for the receipt in the folder receipts/.",
        True,
    ),
    "no-receipt": Kind(
        "The submission carries no receipt.",
        "Nothing to do if it was handed in without Millwright's Submit.",
        False,
    ),
    "clock": Kind(
        "It says it was handed in at {claimed} UTC; by this machine's clock it arrived "
        "at {arrived} UTC, which counts.",
        "If the exchange was moved or restored, set MillwrightCollect.server_clock = False "
        "and collect again.",
        True,
    ),
    "bad-timestamp": Kind(
        "Its timestamp.txt is not a time; it counts as handed in without one.",
        "Write the right time into submitted/.../timestamp.txt if it matters.",
        True,
    ),
    # the notebook
    "unreadable": Kind(
        "{file} cannot be read: {reason}. Its cells score 0.",
        "Ask the student to hand in again, or repair the file in submitted/ and grade again.",
        True,
    ),
    "other-assignment": Kind(
        "{file} holds none of this assignment's cells{looks_like}. Its cells score 0.",
        "Ask the student to hand in the right notebook.",
        True,
    ),
    "unanswered": Kind("No answer cell of {file} was changed.", "Nothing to do.", False),
    "deleted": Kind(
        "Deleted cells of {file} were put back as released: {cells}.", "Nothing to do.", False
    ),
    "answer-deleted": Kind(
        "Answer cells are missing from {file}: {cells}.",
        "Look whether the answer stands in another cell.",
        False,
    ),
    "edited": Kind(
        "Changed cells of {file} that are not the student's to change were restored: {cells}.",
        "Nothing to do; the released version was used.",
        False,
    ),
    "copied": Kind(
        "Cells of {file} were copied: {cells}. The last copy was graded.",
        "Nothing to do, unless the answer stands in another copy.",
        False,
    ),
    "moved": Kind(
        "Cells of {file} had been moved; they were graded in the released order.",
        "Nothing to do.",
        False,
    ),
    "tags": Kind(
        "Tags that change how test cells run were removed from {file}: {cells}.",
        "Ask the student how they came there.",
        True,
    ),
    "characters": Kind(
        "{file} holds characters that no text may hold (NUL, lone surrogates); "
        "they were replaced by \N{REPLACEMENT CHARACTER}.",
        "Nothing to do.",
        False,
    ),
    # its execution
    "kernel-died": Kind(
        "The Python process of {file} ended in cell {cell}. "
        "Cells before keep their points, that cell and all after it score 0.",
        "Look at that cell (memory, os._exit, a crash in compiled code).",
        True,
    ),
    "excess": Kind(
        "Running {file} was ended in cell {cell}: {what}. "
        "Cells before keep their points, that cell and all after it score 0.",
        "Look at that cell; honest work needs far less.",
        True,
    ),
    "checker": Kind(
        "The tests of {file} could not be run to their end, in cell {cell}, twice. "
        "Cells before keep their points, that cell and all after it score 0.",
        "Look at what the student's code gives to that test, and at the test itself "
        "(time, memory), then grade again.",
        True,
    ),
    "unresponsive": Kind(
        "Cell {cell} of {file} could not be stopped. "
        "Cells before keep their points, that cell and all after it score 0.",
        "Look for an endless loop that catches KeyboardInterrupt.",
        True,
    ),
    "timeout": Kind(
        "Cells of {file} were stopped after {seconds} s: {cells}.",
        "Raise Execute.timeout if the task needs more.",
        True,
    ),
    "budget": Kind(
        "{file} used up its {seconds} s; from cell {cell} on nothing was run. "
        "Cells before keep their points, that cell and all after it score 0.",
        "Raise MillwrightExecute.budget if the assignment needs more.",
        True,
    ),
    "in-kernel": Kind(
        "Tests of {file} ran in the student's own process, as their author has asked: lower trust.",
        "Nothing to do. Where much depends on it, look at the answers.",
        False,
    ),
    "tampered": Kind(
        "The process of {file} did not tell the truth about {what}, around the test {cell}. "
        "That test scores 0.",
        "Look for what the student's cells change in Python, IPython or a library; "
        "ask the student.",
        True,
    ),
    "output": Kind(
        "Output of {file} beyond {kilobytes} kB a cell was dropped in: {cells}.",
        "Nothing to do; scores are not affected.",
        False,
    ),
}


@dataclass(frozen=True)
class Flag:
    """One thing to know about one submission.

    Attributes
    ----------
    kind : str
        A key of `KINDS`, stable across versions and languages.
    what, then : str
        One line each: what happened; what the teacher can do.
    attention : bool
        Whether somebody should look at it before grades are published.
    """

    kind: str
    what: str
    then: str
    attention: bool

    @property
    def message(self) -> str:
        """What happened and what to do, in one line."""
        return f"{self.what} {self.then}"

    def to_dict(self) -> dict[str, Any]:
        """Return the flag as plain JSON values."""
        return {
            "kind": self.kind,
            "what": self.what,
            "then": self.then,
            "attention": self.attention,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Flag":
        """Return the flag that `to_dict` stored."""
        return cls(stored["kind"], stored["what"], stored["then"], stored["attention"])


def flag(kind: str, **details: object) -> Flag:
    """Return a flag of one of the `KINDS`, its sentences filled with ``details``."""
    known = KINDS[kind]
    shown = {name: one_line(value) for name, value in details.items()}
    return Flag(kind, known.what.format(**shown), known.then.format(**shown), known.attention)


def one_line(value: object, limit: int = 300) -> str:
    """Return text that fits into one line of a table, whatever a student put into it.

    Lists are joined by commas.  Characters that a terminal or a log could obey (control
    characters, line ends, lone surrogates) are shown as escapes.
    """
    items = value if isinstance(value, list | tuple) else [value]
    text = ", ".join(str(item) for item in items)
    text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"
