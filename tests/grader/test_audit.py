"""Whatever is changed after grading, the audit names; an old grade can be worked out again."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from coursework import Course, answered, cell, source
from millwright_grader.audit import Audit, Finding
from millwright_grader.gradelog import START, append, read
from nbgrader.api import Gradebook
from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory

pytestmark = pytest.mark.slow

WRONG = "def square(x):\n    return 2 * x"


@pytest.fixture(scope="module")
def graded(shared_course: Course) -> Course:
    """Three students, of whom carla is wrong; to be copied, not changed."""
    course = shared_course
    for student in ("anna", "ben"):
        course.submit(student, answered(course.released()))
    course.submit("carla", answered(course.released(), square=WRONG))
    path = course.folder("anna") / "timestamp.txt"
    path.write_text("2026-03-01 12:00:00 UTC")
    course.grade("--workers", "1")  # one after the other: carla's is the last entry
    return course


@pytest.fixture
def twin(graded: Course, tmp_path: Path) -> Course:
    """The graded course, to be tampered with."""
    return graded.copy(tmp_path / "course")


def audit(course: Course, assignment: str = "", student: str = "*") -> list[Finding]:
    config = course.config
    config.CourseDirectory.student_id = student
    app = NbGrader(config=config)
    app.coursedir = CourseDirectory(parent=app)
    one = Audit(app, assignment)
    return [*one.log_findings(), *one.grade_findings()]


@contextmanager
def gradebook(course: Course) -> Iterator[Gradebook]:
    with Gradebook(f"sqlite:///{course.root}/gradebook.db", "course") as book:
        yield book
        book.db.commit()


def grade_row(course: Course, student: str, name: str = "square-test", **values: Any) -> None:
    with gradebook(course) as book:
        row = book.find_grade(f"ps1-{name}", "ps1", "ps1", student)
        for key, value in values.items():
            setattr(row, key, value)


def submission_row(course: Course, student: str, **values: Any) -> None:
    with gradebook(course) as book:
        book.update_or_create_submission("ps1", student, **values)


def notebook_row(course: Course, student: str, **values: Any) -> None:
    with gradebook(course) as book:
        row = book.find_submission_notebook("ps1", "ps1", student)
        for key, value in values.items():
            setattr(row, key, value)


def remove_row(course: Course, student: str) -> None:
    with gradebook(course) as book:
        book.remove_submission("ps1", student)


def points(course: Course) -> None:
    with gradebook(course) as book:
        book.find_grade_cell("ps1-why", "ps1", "ps1").max_score = 9


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    text = change(path.read_text())
    path.chmod(0o644)
    path.write_text(text)


def graded_notebook(course: Course, student: str) -> Path:
    return course.folder(student, "autograded") / "ps1.ipynb"


def in_record(course: Course, student: str, **values: Any) -> None:
    def change(text: str) -> str:
        page = json.loads(text)
        page["metadata"]["millwright"].update(values)
        return json.dumps(page)

    rewrite(graded_notebook(course, student), change)


def kept(course: Course, student: str) -> Path:
    (path,) = (course.root / "received" / student / "ps1").glob("*/files")
    return path


def edit_kept(course: Course, student: str) -> None:
    rewrite(kept(course, student) / "ps1.ipynb", lambda text: text.replace("2 * x", "x * x"))


def edit_kept_and_record(course: Course, student: str) -> None:
    edit_kept(course, student)
    digest = hashlib.sha256((kept(course, student) / "ps1.ipynb").read_bytes()).hexdigest()

    def change(text: str) -> str:
        record = json.loads(text)
        record["files"][0]["sha256"] = digest
        return json.dumps(record)

    rewrite(kept(course, student).parent / "record.json", change)


def log_of(course: Course) -> Path:
    return course.root / "grades.log"


def in_log(course: Course, old: str, new: str) -> None:
    def change(text: str) -> str:
        head, found, tail = text.rpartition(old)  # carla's is the last line
        assert found
        return f"{head}{new}{tail}"

    rewrite(log_of(course), change)


def cut_log(course: Course) -> None:
    rewrite(log_of(course), lambda text: "".join(text.splitlines(keepends=True)[:-1]))


def forge_entry(course: Course) -> None:
    """Add an entry by the log's own means, and what it says to the gradebook."""
    last = read(log_of(course)).entries[-1].entry
    append(log_of(course), replace(last, scores=last.scores | {"ps1-square-test": 2.0}))
    grade_row(course, "carla", auto_score=2)


def forge_log(course: Course) -> None:
    """Write the whole log anew, as it would be if carla had been right."""
    entries = [logged.entry for logged in read(log_of(course)).entries]
    log_of(course).unlink()
    for entry in entries:
        append(log_of(course), replace(entry, scores=entry.scores | {"ps1-square-test": 2.0}))
    grade_row(course, "carla", auto_score=2)


CARLA = "carla"
TAMPERED: dict[str, tuple[Callable[[Course], object], set[tuple[str, str]]]] = {
    # the gradebook
    "a score was raised": (lambda c: grade_row(c, CARLA, auto_score=2), {(CARLA, "score")}),
    "a score was taken away": (
        lambda c: grade_row(c, "anna", auto_score=None),
        {("anna", "score")},
    ),
    "a tiny change": (lambda c: grade_row(c, "anna", auto_score=2.0000001), {("anna", "score")}),
    "points were changed": (
        points,
        {("anna", "max-score"), ("ben", "max-score"), (CARLA, "max-score")},
    ),
    "a penalty was added": (
        lambda c: notebook_row(c, "ben", late_submission_penalty=1),
        {("ben", "penalty")},
    ),
    "it came earlier": (
        lambda c: submission_row(c, "anna", timestamp="2026-02-01 12:00:00 UTC"),
        {("anna", "time")},
    ),
    "a submission was removed": (lambda c: remove_row(c, "ben"), {("ben", "no-row")}),
    "the gradebook is gone": (lambda c: (c.root / "gradebook.db").unlink(), {("", "no-gradebook")}),
    # the graded notebook
    "the notebook says otherwise": (
        lambda c: in_record(c, CARLA, scores={"ps1-square-test": 2.0}),
        {(CARLA, "notebook-score")},
    ),
    "the notebook is gone": (
        lambda c: graded_notebook(c, "ben").unlink(),
        {("ben", "no-notebook")},
    ),
    "another student's notebook": (
        lambda c: shutil.copy(graded_notebook(c, "ben"), _writable(graded_notebook(c, CARLA))),
        {(CARLA, "unknown-entry"), (CARLA, "notebook-submission"), (CARLA, "notebook-score")},
    ),
    "its record is nonsense": (
        lambda c: in_record(c, "ben", scores=3, log=[1]),
        {("ben", "no-notebook")},
    ),
    "its record is no record": (
        lambda c: rewrite(graded_notebook(c, "ben"), lambda _: '{"metadata": {"millwright": 3}}'),
        {("ben", "no-notebook")},
    ),
    "it is no notebook": (
        lambda c: rewrite(graded_notebook(c, "ben"), lambda _: "[1]"),
        {("ben", "no-notebook")},
    ),
    # what was handed in
    "a submission was edited": (lambda c: edit_kept(c, CARLA), {(CARLA, "submission")}),
    "and its record too": (lambda c: edit_kept_and_record(c, CARLA), {(CARLA, "submission")}),
    "a file was added": (
        lambda c: (kept(c, "ben") / "more.py").write_text("1"),
        {("ben", "submission")},
    ),
    "a submission is gone": (lambda c: shutil.rmtree(kept(c, "ben")), {("ben", "no-submission")}),
    "the tests were edited": (
        lambda c: rewrite(next((c.root / "versions/ps1").iterdir()), lambda text: text + " "),
        {("", "tests")},
    ),
    # the log
    "a line was edited": (
        lambda c: in_log(c, '"ps1-square-test":0', '"ps1-square-test":2'),
        {("", "log"), (CARLA, "unknown-entry")},
    ),
    "the last line was removed": (cut_log, {(CARLA, "unknown-entry")}),
    "the log was removed": (lambda c: log_of(c).unlink(), {("", "no-log")}),
    "an entry was forged": (forge_entry, {(CARLA, "other-entry"), (CARLA, "notebook-score")}),
    "the whole log was forged": (
        forge_log,
        {("anna", "unknown-entry"), ("ben", "unknown-entry"), (CARLA, "unknown-entry")}
        | {(CARLA, "notebook-score")},
    ),
}


def _writable(path: Path) -> Path:
    path.chmod(0o644)
    return path


def test_an_untouched_class_is_clean(graded: Course) -> None:
    assert audit(graded) == []


@pytest.mark.parametrize("name", TAMPERED)
def test_every_change_is_named(name: str, twin: Course) -> None:
    tamper, expected = TAMPERED[name]
    tamper(twin)
    found = audit(twin)
    assert {(one.student, one.kind) for one in found} == expected
    assert not any(one.note for one in found)
    assert all("{" not in one.message and one.message.endswith(".") for one in found)


def test_marks_by_a_person_are_listed_and_no_finding(twin: Course) -> None:
    grade_row(twin, "anna", "why", manual_score=4, needs_manual_grade=False)
    grade_row(twin, "carla", manual_score=1)
    grade_row(twin, "ben", extra_credit=0.5)
    done = twin.command("millwright-grade", "audit", "ps1")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[:3] == [
        "note: ps1 anna: ps1-why: 4 points by a person, no points by its tests. "
        "Nothing to do if that is known.",
        "note: ps1 ben: ps1-square-test: 2.5 points by a person, 2 points by its tests. "
        "Nothing to do if that is known.",
        "note: ps1 carla: ps1-square-test: 1 point by a person, 0 points by its tests. "
        "Nothing to do if that is known.",
    ]


def test_the_command_says_what_to_do(twin: Course) -> None:
    grade_row(twin, "carla", auto_score=2)
    done = twin.command("millwright-grade", "audit", "ps1", "--student", "carla")
    assert done.returncode == 1
    line, summary = done.stdout.splitlines()
    assert line.startswith(
        "ps1 carla: ps1-square-test has 2 points from its tests in the gradebook, "
        "0 points in the log (entry 3, "
    )
    assert "`millwright-grade audit ps1 --student carla --regrade`" in line
    assert summary.startswith("1 finding; 1 submissions")
    printed = twin.command("millwright-grade", "audit", "--json")
    content = json.loads(printed.stdout)
    assert content["log"]["head"] == read(log_of(twin)).head
    assert [one["kind"] for one in content["findings"]] == ["score"]
    # The audit has named the way to put it right.
    assert twin.grade("--student", "carla", "--force")["carla"]["score"] == 3
    assert audit(twin) == []


def test_a_head_that_was_kept_elsewhere_shows_what_nothing_else_can(twin: Course) -> None:
    """Somebody who can write everything removes carla from everywhere."""
    printed = twin.command("millwright-grade", "audit", "--head")
    assert printed.returncode == 0
    head, where = printed.stdout.split("  ")
    assert head == read(log_of(twin)).head
    assert where.startswith("grades.log, entry 3, ")
    kept_well = twin.command("millwright-grade", "audit", "--expect", head[:20].upper())
    assert kept_well.returncode == 0
    assert "holds the entry that was expected: number 3 of 3" in kept_well.stdout

    cut_log(twin)
    remove_row(twin, "carla")
    shutil.rmtree(twin.folder("carla", "autograded"))
    assert audit(twin) == []
    found = twin.command("millwright-grade", "audit", "--expect", head)
    assert found.returncode == 1
    assert f"grades.log does not hold the entry {head}" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--expect", "12"], "--expect needs 16 digits"),
        (["ps1", "ps2"], "Name one assignment"),
        (["ps1", "--student", "nobody"], "Nothing to audit"),
        (["ps1", "--regrade"], "Name one assignment and one student"),
        (["--course-dir", "/"], "/ is not a course folder"),
    ],
)
def test_where_there_is_nothing_to_audit_one_line_says_so(
    arguments: list[str], message: str, graded: Course
) -> None:
    done = graded.command("millwright-grade", "audit", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_course_without_grades_has_nothing_to_audit(course: Course) -> None:
    done = course.command("millwright-grade", "audit")
    assert done.returncode == 2
    assert "Nothing to audit" in done.stderr
    assert course.command("millwright-grade", "audit", "--head").returncode == 2


def test_button_and_nbgraders_command_write_the_log_too(course: Course) -> None:
    course.submit("anna", answered(course.released()))
    assert course.api().autograde("ps1", "anna")["success"]
    course.submit("ben", b"{")
    course.submit("carla", answered(course.released(), square=WRONG))
    assert course.command("nbgrader", "autograde", "ps1").returncode == 0
    entries = [logged.entry for logged in read(log_of(course)).entries]
    assert [(one.student, one.scores["ps1-square-test"]) for one in entries] == [
        ("anna", 2),
        ("ben", 0),
        ("carla", 0),
    ]
    assert entries[1].flags == ["unreadable"]
    assert audit(course) == []
    # What the log holds already is not graded again.
    assert {result["state"] for result in course.grade().values()} == {"kept"}


def test_each_way_of_grading_writes_the_same_entry(course: Course) -> None:
    course.submit("anna", answered(course.released()))
    course.submit("ben", b"{")
    course.grade()
    assert course.command("nbgrader", "autograde", "ps1", "--force").returncode == 0
    log = read(course.root / "grades.log")
    entries = [asdict(logged.entry) | {"seconds": 0} for logged in log.entries]
    ours, nbgraders = entries[:2], entries[2:]
    assert sorted(ours, key=lambda entry: entry["student"]) == nbgraders


def test_an_assignment_of_two_notebooks_is_one_entry(course: Course) -> None:
    nbformat.write(source("ps1b"), course.root / "source" / "ps1" / "ps1b.ipynb")
    assert course.api().generate_assignment("ps1")["success"]
    course.submit("anna", answered(course.released()))
    course.grade()
    (logged,) = read(log_of(course)).entries
    assert logged.entry.flags == ["missing"]
    assert logged.entry.scores["ps1-square-test"] == 2
    assert logged.entry.scores["ps1b-square-test"] == 0
    assert sum(logged.entry.max_scores.values()) == 20
    assert audit(course) == []


def test_a_grading_killed_after_its_entry_is_done_again(twin: Course) -> None:
    """The entry is in the log; gradebook and notebook do not know of it yet."""
    twin.submit("carla", answered(twin.released()))
    last = read(log_of(twin)).entries[-1].entry
    append(log_of(twin), replace(last, scores=last.scores | {"ps1-square-test": 2.0}))
    shutil.rmtree(twin.folder("carla", "autograded"))
    assert {one.kind for one in audit(twin)} == {"score", "no-notebook"}
    states = {student: result["state"] for student, result in twin.grade().items()}
    assert states == {"anna": "kept", "ben": "kept", "carla": "graded"}
    assert audit(twin) == []
    assert len(read(log_of(twin)).entries) == 5


def test_a_grading_repeated_and_killed_changes_nothing(twin: Course) -> None:
    """The entry of `--force` is in the log, the notebook still names the one before."""
    append(log_of(twin), read(log_of(twin)).entries[-1].entry)
    (found,) = audit(twin)
    assert (found.student, found.kind, found.note) == ("carla", "repeated", True)


def test_a_class_killed_at_any_moment_ends_in_a_clean_audit(course: Course) -> None:
    for student in ("anna", "ben", "carla"):
        course.submit(student, answered(course.released()))
    for entries in (1, 2):
        running = subprocess.Popen(
            [Path(sys.executable).parent / "millwright-grade", "ps1"],
            cwd=course.root,
            env=os.environ | {"HOME": str(course.root.parent)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while len(read(log_of(course)).entries) < entries:
            assert running.poll() is None
            time.sleep(0.005)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        assert {one.kind for one in audit(course)} <= {"no-notebook", "no-row"}
    assert all(result["score"] == 5 for result in course.grade().values())
    assert audit(course) == []


def test_a_log_that_cannot_be_written_keeps_grades_from_being_given(course: Course) -> None:
    log_of(course).mkdir()
    course.submit("anna", answered(course.released()))
    done = course.command("millwright-grade", "ps1")
    assert done.returncode == 1
    assert "anna: not graded: The grade log" in done.stdout
    assert not course.folder("anna", "autograded").exists()
    assert set(course.rows()["anna"].values()) == {None}
    log_of(course).rmdir()
    assert course.grade()["anna"]["state"] == "graded"
    assert audit(course) == []


def regrade(course: Course, student: str, *options: str) -> tuple[int, list[str]]:
    done = course.command(
        "millwright-grade", "audit", "ps1", "--student", student, "--regrade", "--json", *options
    )
    assert done.returncode in (0, 1), done.stderr
    findings = json.loads(done.stdout)["findings"]
    return done.returncode, [f"{one['kind']}: {one['what']}" for one in findings]


def test_a_score_that_the_tests_do_not_give_is_found(twin: Course) -> None:
    forge_entry(twin)
    before = contents(twin.root)
    code, (line,) = regrade(twin, "carla")
    assert code == 1
    assert line.startswith("regraded-score: Graded again: ps1-square-test has 0 points, 2 points")
    assert contents(twin.root) == before  # the course is only read


def test_it_is_graded_with_the_tests_of_then(twin: Course) -> None:
    """The teacher mends a test and changes a file; who was graded before keeps that grade."""
    path = twin.root / "source" / "ps1" / "ps1.ipynb"
    node = nbformat.read(path, as_version=4)
    cell(node, "ps1-square-test").source = "assert square(2) == -4"
    nbformat.write(node, path)
    (twin.root / "source" / "ps1" / "data.csv").write_text("1,2\n")
    assert twin.api().generate_assignment("ps1")["success"]
    code, (cells, files, result) = regrade(twin, "anna")
    assert code == 0
    assert cells.startswith("tests-changed: Since entry 1")
    assert "these have changed: ps1-square-test." in cells
    assert "data.csv" in files
    assert result.startswith("regraded: ")
    assert "ps1-square-test 2 points" in result
    # Graded anew, she gets what the new test gives.
    assert twin.grade("--student", "anna")["anna"]["scores"]["ps1-square-test"] == 0
    assert audit(twin, student="anna") == []


def test_an_earlier_submission_can_be_graded_again(twin: Course) -> None:
    first = read(log_of(twin)).entries[-1]
    assert first.previous != START
    twin.submit("carla", answered(twin.released()))
    assert twin.grade("--student", "carla")["carla"]["score"] == 5
    code, (then,) = regrade(twin, "carla", "--digest", first.entry.submission[:6])
    assert (code, "ps1-square-test 0 points" in then) == (0, True)
    code, (none,) = regrade(twin, "carla", "--digest", "xyz")
    assert (code, none) == (1, "not-regraded: It cannot be graded again.")


def test_what_is_no_longer_what_was_handed_in_is_not_graded_again(twin: Course) -> None:
    edit_kept(twin, "carla")
    code, (line,) = regrade(twin, "carla")
    assert code == 1
    assert line.startswith("submission: received/carla/ps1/")
    assert line.endswith("ps1.ipynb.")


def contents(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
