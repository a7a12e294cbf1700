"""``millwright-grade audit``: has anything changed since it was graded?

Compares four things that say the same as long as nobody has changed one of them: the grade log
(`gradelog`), the gradebook, the graded notebooks, and what was handed in (``received/``).  What
people have given in formgrader is listed, and is no finding.  With ``--regrade``, grades one
submission again, in a folder of its own, with the tests of then.  The course is only read.
"""

import copy
import json
import shlex
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, SubmittedAssignment
from nbgrader.apps.baseapp import NbGrader, nbgrader_aliases
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from traitlets import Bool, Unicode, default

from millwright_grader import versions
from millwright_grader.errors import GraderError, NoCourseError
from millwright_grader.flags import one_line
from millwright_grader.gradelog import START, GradeLog, Logged, Reading
from millwright_grader.grading import ClassGrading, stored_records
from millwright_grader.intake import RECEIVED, Contents, File, take

# Exit codes.
CLEAN = 0
FINDINGS = 1
NOTHING_DONE = 2

SHORTEST_HEAD = 16  # hexadecimal digits of a head that was written down


@dataclass(frozen=True)
class Kind:
    """One kind of finding: what is so, what to do; a note is no finding."""

    what: str
    then: str
    note: bool = False


_BACKUP = "Compare with a backup of the course folder."
_WHICH = "Which is right: `{command} --regrade`. To put it right: `{grade} --force`."

KINDS = {
    # the log itself
    "log": Kind(
        "{file}, line {line}: {what}.",
        f"{_BACKUP} Entries before this line are as they were written.",
    ),
    "no-log": Kind(
        "{file} is not there, or empty, but graded notebooks name entries of it.",
        "Take it from a backup. If there is none, `millwright-grade ASSIGNMENT --force` grades "
        "everybody again and begins a new log.",
    ),
    "torn": Kind(
        "{file} ends in an interrupted write.",
        "Grade again; that sets the unfinished line aside and goes on.",
    ),
    "set-aside": Kind(
        "{file}, line {line}: an interrupted write was set aside.", "Nothing to do.", note=True
    ),
    "head": Kind(
        "{file} does not hold the entry {expected}: its end was cut off, or it was written anew.",
        _BACKUP,
    ),
    "head-found": Kind(
        "{file} holds the entry that was expected: number {number} of {count}.",
        "Nothing to do.",
        note=True,
    ),
    # the log and the graded notebook
    "unknown-entry": Kind(
        "The graded notebook names the entry {digest}, which the log does not hold: the log was "
        "cut or altered.",
        _BACKUP,
    ),
    "other-entry": Kind(
        "The graded notebook does not name {entry}, the last one: the entry was forged, or the "
        "notebook exchanged.",
        _WHICH,
    ),
    "repeated": Kind(
        "The graded notebook names an earlier entry than {entry}, which gives the same points: "
        "grading again was interrupted.",
        "Nothing to do.",
        note=True,
    ),
    "no-notebook": Kind(
        "The graded notebook of {entry} is missing: grading was interrupted, or somebody "
        "removed it.",
        "Run `{grade}`.",
    ),
    "notebook-score": Kind(
        "{name} has {now} in the graded notebook, {then} in the log ({entry}).", _WHICH
    ),
    "notebook-submission": Kind(
        "The graded notebook was not made from the submission of {entry}.", _WHICH
    ),
    # the log and the gradebook
    "not-logged": Kind(
        "There is a grade, but no entry in the log: it was graded before there was one, in "
        "another way, or the log was altered.",
        "`{grade} --force` grades it again and writes it down.",
    ),
    "no-gradebook": Kind("The gradebook {file} is not there.", "Take it from a backup."),
    "no-row": Kind(
        "The gradebook has no submission; {entry} gave {then}.",
        "If nobody removed it on purpose: `{grade} --force`.",
    ),
    "score": Kind(
        "{name} has {now} from its tests in the gradebook, {then} in the log ({entry}).",
        _WHICH,
    ),
    "max-score": Kind(
        "{name} is worth {now} in the gradebook, it was graded for {then} ({entry}).",
        "If that was changed on purpose, grade the class again: "
        "`millwright-grade {assignment} --force`.",
    ),
    "penalty": Kind(
        "The late penalty is {now} in the gradebook, {then} in the log ({entry}).", _WHICH
    ),
    "time": Kind(
        "It was handed in at {now} by the gradebook, at {then} by the log ({entry}).", _WHICH
    ),
    "by-hand": Kind(
        "{name}: {now} by a person, {then} by its tests.",
        "Nothing to do if that is known.",
        note=True,
    ),
    # what the grade was worked out from
    "no-submission": Kind("{path}, what {entry} graded, is not there.", _BACKUP),
    "submission": Kind("{path} is not what was handed in for {entry}: {names}.", _BACKUP),
    "tests": Kind("What graded {entry} cannot be shown.", "{reason}"),
    # graded again
    "regraded": Kind(
        "Graded again: every score of {entry} is the same: {scores}.", "Nothing to do.", note=True
    ),
    "regraded-score": Kind(
        "Graded again: {name} has {now}, {then} in the log ({entry}).",
        "Compare the graded notebook with the submission.",
    ),
    "not-regraded": Kind("It cannot be graded again.", "{reason}"),
    "tests-changed": Kind(
        "Since {entry} these have changed: {names}. It was graded again with the cells of then.",
        "",
        note=True,
    ),
    "files-changed": Kind(
        "Since {entry} these files of the assignment have changed: {names}. It was graded again "
        "with those of today.",
        "Lay the old files into source/ if the scores differ.",
        note=True,
    ),
    "millwright-changed": Kind(
        "Millwright {then} made {entry}; {now} graded again.", "", note=True
    ),
}


@dataclass(frozen=True)
class Finding:
    """One thing that an audit found.

    Attributes
    ----------
    kind : str
        A key of `KINDS`, stable across versions and languages.
    what, then : str
        One line each: what is so; what to do.
    note : bool
        Whether it is worth knowing only; everything else needs somebody.
    assignment, student : str
        Empty if it is about the log as a whole.
    """

    kind: str
    what: str
    then: str
    note: bool
    assignment: str = ""
    student: str = ""

    @property
    def message(self) -> str:
        """One line for a person."""
        who = " ".join(filter(None, (self.assignment, one_line(self.student, 40))))
        text = " ".join(filter(None, (self.what, self.then)))
        return f"{who}: {text}" if who else text


def finding(kind: str, assignment: str = "", student: str = "", **details: object) -> Finding:
    """Return a finding of one of the `KINDS`, its sentences filled with ``details``."""
    known = KINDS[kind]
    grade = f"millwright-grade {shlex.quote(assignment)} --student {shlex.quote(student)}"
    shown = {name: _shown(value) for name, value in details.items()} | {
        "assignment": shlex.quote(assignment),
        "grade": one_line(grade),
        "command": one_line(grade.replace("millwright-grade", "millwright-grade audit", 1)),
    }
    return Finding(
        kind,
        known.what.format(**shown),
        known.then.format(**shown),
        known.note,
        assignment,
        student,
    )


class Audit:
    """A course, its log, and the grades that are looked at.

    Parameters
    ----------
    app : NbGrader
        Any nbgrader application with the course's configuration loaded; its ``coursedir`` names
        students, as a pattern.
    assignment : str, optional
        Only this one.

    Raises
    ------
    NoCourseError
    GradeLogError
        The log cannot be read.
    """

    def __init__(self, app: NbGrader, assignment: str = ""):
        self._app = app
        self._coursedir: CourseDirectory = app.coursedir
        root = Path(self._coursedir.root)
        if not (root / self._coursedir.source_directory).is_dir():
            raise NoCourseError(root)
        self._assignment = assignment
        log = GradeLog(self._coursedir, parent=app)
        self.file = log.file
        self.reading: Reading = log.read()
        self.entries: dict[tuple[str, str], list[Logged]] = {}
        for logged in self.reading.entries:
            key = (logged.entry.assignment, logged.entry.student)
            if self._is_selected(*key):
                self.entries.setdefault(key, []).append(logged)

    def log_findings(self, expected: str = "") -> Iterator[Finding]:
        """Yield what is wrong with the log itself.

        Parameters
        ----------
        expected : str, optional
            A head that somebody has written down, or its beginning.
        """
        file = self.file.name
        for problem in self.reading.problems:
            yield finding("log", file=file, line=problem.line, what=problem.what)
        for line in self.reading.set_aside:
            yield finding("set-aside", file=file, line=line)
        if self.reading.torn:
            yield finding("torn", file=file)
        if expected:
            count = len(self.reading.entries)
            for logged in self.reading.entries:
                if logged.digest.startswith(expected):
                    yield finding("head-found", file=file, number=logged.number, count=count)
                    return
            yield finding("head", file=file, expected=expected)

    def grade_findings(self) -> Iterator[Finding]:
        """Yield where gradebook, graded notebooks and submissions do not say what the log says."""
        rows = self._rows
        if not self.reading.entries and any(row.entries for row in rows.values()):
            yield finding("no-log", file=self.file.name)
            return
        if not self._has_gradebook:
            yield finding("no-gradebook", file=make_url(self._coursedir.db_url).database)
        for key in sorted({*self.entries, *rows}):
            logged = self.entries.get(key)
            row = rows.get(key)
            if logged is None:
                for digest in rows[key].entries:
                    yield finding("unknown-entry", *key, digest=digest[:16])
                if not rows[key].entries:
                    yield finding("not-logged", *key)
                continue
            if row is not None:
                yield from self._compare(key, logged[-1], row)
            elif self._has_gradebook:
                then = _points(sum(score or 0.0 for score in logged[-1].entry.scores.values()))
                yield finding("no-row", *key, entry=logged[-1], then=then)
            yield from self._compare_notebooks(key, logged)
            yield from self._compare_submissions(key, logged)
        yield from self._compare_tests()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look at."""
        return not self.entries and not self._rows

    def regrade(self, student: str, digest: str = "") -> Iterator[Finding]:
        """Grade one submission again, in a folder of its own, and compare the tests' scores.

        Parameters
        ----------
        student : str
        digest : str, optional
            Of the submission, or its beginning; the last one that was graded by default.
        """
        key = (self._assignment, student)
        candidates = [
            logged
            for logged in self.entries.get(key, [])
            if logged.entry.submission.startswith(digest)
        ]
        if not candidates:
            reason = "The log has no such submission. Look which there are in received/."
            yield finding("not-regraded", *key, reason=reason)
            return
        logged = candidates[-1]
        changed = list(self._compare_submissions(key, [logged]))
        if changed:
            yield from changed
            return
        try:
            scores = yield from self._grade_again(key, logged)
        except GraderError as error:
            yield finding("not-regraded", *key, reason=error)
            return
        if scores is None:
            return
        differing = [
            finding("regraded-score", *key, entry=logged, name=name, now=now, then=then)
            for name, now, then in _differences(scores, logged.entry.scores)
        ]
        yield from differing
        if not differing:
            shown = [f"{name} {_points(score)}" for name, score in scores.items()]
            yield finding("regraded", *key, entry=logged, scores=shown)

    def _is_selected(self, assignment: str, student: str) -> bool:
        return self._assignment in ("", assignment) and fnmatchcase(
            student, self._coursedir.student_id
        )

    @property
    def _has_gradebook(self) -> bool:
        url = make_url(self._coursedir.db_url)
        return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()

    @cached_property
    def _rows(self) -> "dict[tuple[str, str], Row]":
        """The gradebook's graded submissions."""
        if not self._has_gradebook:  # nbgrader would make a new one
            return {}
        rows = {}
        with Gradebook(self._coursedir.db_url, self._coursedir.course_id) as gradebook:
            for assignment in gradebook.assignments:
                for submission in assignment.submissions:
                    key = (assignment.name, submission.student.id)
                    if self._is_selected(*key):
                        row = Row.of(submission, self._records(key))
                        if row.is_graded:
                            rows[key] = row
        return rows

    def _records(self, key: tuple[str, str]) -> list[dict[str, Any]]:
        """Return what the graded notebooks say; somebody may have written anything there."""
        try:
            return stored_records(self._coursedir, *key[::-1])
        except (AttributeError, TypeError, ValueError):
            return [{}]

    def _compare(self, key: tuple[str, str], logged: Logged, row: "Row") -> Iterator[Finding]:
        entry = logged.entry
        for kind, ours, theirs in (
            ("score", row.scores, entry.scores),
            ("max-score", row.max_scores, entry.max_scores),
        ):
            for name, now, then in _differences(ours, theirs):
                yield finding(kind, *key, entry=logged, name=name, now=now, then=then)
        if row.late_penalty != entry.late_penalty:
            now, then = _points(row.late_penalty), _points(entry.late_penalty)
            yield finding("penalty", *key, entry=logged, now=now, then=then)
        if row.submitted != entry.submitted:
            now, then = row.submitted or "an unknown time", entry.submitted or "an unknown time"
            yield finding("time", *key, entry=logged, now=now, then=then)
        for name, marked in row.by_hand.items():
            now, then = _points(marked), _points(row.scores[name])
            yield finding("by-hand", *key, name=name, now=now, then=then)

    def _compare_notebooks(self, key: tuple[str, str], logged: list[Logged]) -> Iterator[Finding]:
        records = self._records(key)
        last = logged[-1]
        if not records or not all(isinstance(one.get("scores"), dict) for one in records):
            yield finding("no-notebook", *key, entry=last)
            return
        named = {str(record["log"]) for record in records if "log" in record}
        known = {one.digest for one in logged}
        for digest in sorted(named - known):
            yield finding("unknown-entry", *key, digest=digest[:16])
        if last.digest not in named and named <= known:
            same = any(one.digest in named and _is_same(one, last) for one in logged)
            yield finding("repeated" if same else "other-entry", *key, entry=last)
        if any(record.get("submission") != last.entry.submission for record in records):
            yield finding("notebook-submission", *key, entry=last)
        for record in records:
            theirs = {name: last.entry.scores.get(name) for name in record["scores"]}
            for name, now, then in _differences(record["scores"], theirs):
                yield finding("notebook-score", *key, entry=last, name=name, now=now, then=then)

    def _compare_submissions(self, key: tuple[str, str], logged: list[Logged]) -> Iterator[Finding]:
        for one in {one.entry.submission: one for one in logged}.values():
            kept = self._kept(one)
            path = kept.relative_to(self._coursedir.root)
            if not kept.is_dir():
                yield finding("no-submission", *key, entry=one, path=path)
                continue
            try:
                contents = take(kept, _ALL)
            except OSError as error:
                contents = Contents((), ((str(kept), error.strerror or str(error)),))
            if contents.digest != one.entry.submission:
                names = _changed_files(kept.parent / "record.json", one, contents)
                yield finding("submission", *key, entry=one, path=path, names=names)

    def _compare_tests(self) -> Iterator[Finding]:
        seen: dict[tuple[str, str], Logged] = {}
        for logged in (one for several in self.entries.values() for one in several):
            seen.setdefault((logged.entry.assignment, logged.entry.tests), logged)
        for (assignment, digest), logged in seen.items():
            try:
                versions.read(self._coursedir, assignment, digest)
            except GraderError as error:
                yield finding("tests", assignment, entry=logged, reason=error)

    def _kept(self, logged: Logged) -> Path:
        entry = logged.entry
        shelf = Path(self._coursedir.format_path(RECEIVED, entry.student, entry.assignment))
        return shelf / entry.submission[:16] / "files"

    def _grade_again(
        self, key: tuple[str, str], logged: Logged
    ) -> Generator[Finding, None, dict[str, float | None] | None]:
        """Grade what a log entry graded; return the scores, or None if that failed."""
        tests = versions.read(self._coursedir, logged.entry.assignment, logged.entry.tests)
        yield from self._changed_since(key, logged, tests)
        with tempfile.TemporaryDirectory(prefix="mw-") as root:
            app = _scratch_app(self._app, Path(root).resolve())
            coursedir = app.coursedir
            coursedir.assignment_id = logged.entry.assignment
            versions.restore(tests, coursedir)
            self._lay_files(logged.entry.assignment, coursedir)
            folder = Path(coursedir.format_path(coursedir.submitted_directory, *key[::-1]))
            shutil.copytree(self._kept(logged), folder)
            _write_time(folder, logged.entry.submitted)
            (result,) = ClassGrading(app).run(force=True, workers=1)
            if result.state == "failed":
                reason = result.reason.split(" (log: ")[0]
                yield finding("not-regraded", *key, reason=reason)
                return None
            return result.scores

    def _changed_since(
        self, key: tuple[str, str], logged: Logged, tests: dict[str, Any]
    ) -> Iterator[Finding]:
        now = versions.today(self._coursedir, logged.entry.assignment, self._app.config)
        names = versions.changes(tests, now)
        files = [name for name in names if name in tests["files"] or name in now["files"]]
        cells = [name for name in names if name not in files]
        if cells:
            yield finding("tests-changed", *key, entry=logged, names=cells)
        if files:
            yield finding("files-changed", *key, entry=logged, names=files)
        then = logged.entry.millwright
        if then != version("millwright"):
            ours = version("millwright")
            yield finding("millwright-changed", *key, entry=logged, now=ours, then=then)

    def _lay_files(self, assignment: str, coursedir: CourseDirectory) -> None:
        ours = self._coursedir
        source = Path(ours.format_path(ours.source_directory, ".", assignment))
        target = Path(coursedir.format_path(coursedir.source_directory, ".", assignment))
        target.mkdir(parents=True)
        for path in versions.files_beside(ours, source):
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)


@dataclass(frozen=True)
class Row:
    """What the gradebook has of one submission, and the log entries its notebooks name."""

    scores: dict[str, float | None]
    max_scores: dict[str, float]
    by_hand: dict[str, float]
    late_penalty: float
    submitted: str | None
    is_graded: bool
    entries: tuple[str, ...]

    @classmethod
    def of(cls, submission: SubmittedAssignment, records: Iterable[dict[str, Any]]) -> "Row":
        """Read a submission of an open gradebook."""
        records = list(records)
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        return cls(
            {grade.name: grade.auto_score for grade in grades},
            {grade.name: grade.max_score for grade in grades},
            {
                grade.name: grade.score
                for grade in grades
                if grade.manual_score is not None or grade.extra_credit
            },
            submission.late_submission_penalty,
            submission.timestamp.isoformat() if submission.timestamp else None,
            bool(records) or any(grade.auto_score is not None for grade in grades),
            tuple(str(record["log"]) for record in records if "log" in record),
        )


class AuditApp(NbGrader):
    """Look for later changes to grades."""

    name = "millwright-grade-audit"
    description = "Look for changes to grades that were made after grading."
    examples = """
        millwright-grade audit                        # everything
        millwright-grade audit ps1 --student anna     # one assignment, one student or a pattern
        millwright-grade audit --head                 # the log's last digest: keep it elsewhere
        millwright-grade audit --expect 3f5a0c…       # is what was kept still in the log?
        millwright-grade audit ps1 --student anna --regrade               # same points again?
        millwright-grade audit ps1 --student anna --regrade --digest 9c2e # an earlier submission

        Exit code: 0 nothing was changed, 1 there are findings, 2 there was nothing to audit.
    """

    aliases = {  # noqa: RUF012 - as traitlets applications declare them
        **{
            name: nbgrader_aliases[name]
            for name in ("student", "assignment", "course-dir", "log-level")
        },
        "expect": "AuditApp.expect",
        "digest": "AuditApp.digest",
    }
    flags = {  # noqa: RUF012
        "head": ({"AuditApp": {"only_head": True}}, "Print the log's last digest."),
        "regrade": ({"AuditApp": {"regrade": True}}, "Grade one submission again and compare."),
        "json": ({"AuditApp": {"as_json": True}}, "Print the findings as JSON."),
    }

    only_head = Bool(False, help="Print the log's last digest.").tag(config=True)
    expect = Unicode("", help="A head that was written down, 16 digits or more.").tag(config=True)
    regrade = Bool(False, help="Grade one submission again and compare.").tag(config=True)
    digest = Unicode("", help="Which submission to grade again; the last by default.").tag(
        config=True
    )
    as_json = Bool(False, help="Print the findings as JSON.").tag(config=True)

    exit_code = CLEAN

    @default("log_level")
    def _log_level_default(self) -> str:
        return "CRITICAL"

    def start(self) -> None:
        """Compare and print."""
        super().start()
        try:
            self.exit_code = self._run()
        except GraderError as error:
            self._give_up(str(error))
        except SQLAlchemyError as error:
            reason = one_line(str(error).splitlines()[0], 160)
            self._give_up(f"The gradebook cannot be read ({reason}). Try again later.")

    def _run(self) -> int:
        names = [name for name in (*self.extra_args, self.coursedir.assignment_id) if name]
        if len(names) > 1:
            return self._give_up("Name one assignment, or none for all.")
        expected = "".join(self.expect.split()).lower()
        if expected and len(expected) < SHORTEST_HEAD:
            return self._give_up(f"--expect needs {SHORTEST_HEAD} digits or more of the head.")
        audit = Audit(self, names[0] if names else "")
        found = list(audit.log_findings(expected))
        if self.regrade:
            students = [student for _, student in audit.entries]
            if not names or len(students) != 1:
                return self._give_up(
                    "Name one assignment and one student who is in the log: "
                    "millwright-grade audit <assignment> --student <name> --regrade"
                )
            found += audit.regrade(students[0], self.digest.lower())
        elif not self.only_head:
            if audit.is_empty and not found:
                return self._give_up(
                    "Nothing to audit: no such grade is in the log or in the gradebook. "
                    "Run `millwright-grade <assignment>` first."
                )
            found += audit.grade_findings()
        elif not audit.reading.entries and not found:
            return self._give_up(f"{audit.file} has no entry yet.")
        print(_as_json(audit, found) if self.as_json else _as_text(audit, found, self.only_head))
        return CLEAN if all(one.note for one in found) else FINDINGS

    def _give_up(self, message: str) -> int:
        print(message, file=sys.stderr)
        self.exit_code = NOTHING_DONE
        return NOTHING_DONE


# Everything that is kept was let through the door with the limits of that day.
_ALL = CourseDirectory(
    root="/", ignore=[], include=["*"], max_file_size=10**12, max_dir_size=10**12
)


def _as_json(audit: Audit, found: Sequence[Finding]) -> str:
    """Return findings for other programs."""
    reading = audit.reading
    log = {"file": str(audit.file), "entries": len(reading.entries), "head": reading.head}
    content = {"log": log, "findings": [vars(one) for one in found]}
    return json.dumps(content, indent=1, ensure_ascii=False)


def _as_text(audit: Audit, found: Sequence[Finding], only_head: bool) -> str:
    """Return findings for a person: what needs somebody, then what is worth knowing."""
    lines = [one.message for one in found if not one.note]
    lines += [f"note: {one.message}" for one in found if one.note]
    reading = audit.reading
    if only_head:
        last = _entry(reading.entries[-1]) if reading.entries else "no entry"
        return "\n".join([*lines, f"{reading.head}  {audit.file.name}, {last}"])
    count = len([one for one in found if not one.note])
    lines.append(
        f"{count or 'No'} finding{'' if count == 1 else 's'}; "
        f"{len(audit.entries)} submissions and {len(reading.entries)} entries looked at; "
        + ("empty log" if reading.head == START else f"head {reading.head}")
    )
    return "\n".join(lines)


def _shown(value: object) -> str:
    if isinstance(value, Logged):
        return _entry(value)
    return one_line(value)


def _points(score: float | None) -> str:
    if score is None:
        return "no points"
    return f"{score:g} point{'' if score == 1 else 's'}"


def _entry(logged: Logged) -> str:
    time = logged.time
    with suppress(ValueError):
        time = f"{datetime.fromisoformat(logged.time):%Y-%m-%d %H:%M} UTC"
    return f"entry {logged.number}, {one_line(time, 30)}"


def _differences(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (grade id, our points, their points) where they differ."""
    for name in sorted({*ours, *theirs}):
        if ours.get(name) != theirs.get(name):
            yield name, _points(ours.get(name)), _points(theirs.get(name))


def _is_same(one: Logged, other: Logged) -> bool:
    """Return whether two gradings differ in nothing but when they were done."""
    return replace(one.entry, seconds=0.0) == replace(other.entry, seconds=0.0)


def _changed_files(path: Path, logged: Logged, contents: Contents) -> list[str]:
    """Return the names of the files that differ, as far as the record beside them is genuine."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        then = Contents(tuple(File(**file) for file in record["files"]))
    except (OSError, ValueError, LookupError, TypeError):
        return ["its record cannot be read either"]
    if then.digest != logged.entry.submission:
        return ["its record was changed as well"]
    differing = set(then.files) ^ set(contents.handed_in)
    return sorted({file.path for file in differing})


def _scratch_app(app: NbGrader, root: Path) -> NbGrader:
    """Return an application with a course's configuration and an empty course folder."""
    config = copy.deepcopy(app.config)
    config.pop("AuditApp", None)
    config.CourseDirectory.update(
        root=str(root),
        db_url=f"sqlite:///{root}/gradebook.db",
        student_id="*",
        student_id_exclude="",
        notebook_id="*",
        directory_structure="{nbgrader_step}/{student_id}/{assignment_id}",
        **{f"{step}_directory": step for step in _STEPS},
    )
    config.GradeLog.path = "grades.log"
    for name in ("Autograde", "BaseConverter", "SingleAutograde"):
        # It may publish grades; this one is nobody's.
        config[name].pop("post_convert_hook", None)
    (root / "source").mkdir()
    scratch = NbGrader(config=config)
    scratch.log_level = app.log_level
    scratch.coursedir = CourseDirectory(parent=scratch)
    return scratch


_STEPS = ("source", "release", "submitted", "autograded", "feedback", "solution")


def _write_time(folder: Path, submitted: str | None) -> None:
    """Let the submission count from when it counted."""
    path = folder / "timestamp.txt"
    path.unlink(missing_ok=True)
    if submitted:
        path.write_text(f"{submitted} UTC", encoding="utf-8")
