"""One class, graded once: forty students, most of whom hand in something nobody expects."""

import copy
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from coursework import MEAN, SQUARE, Course, answered, cell
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbgrader.api import Gradebook

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

FULL = {"square-test": 2, "mean-test": 3, "why": None}
ZERO = {"square-test": 0, "mean-test": 0, "why": 0}


@dataclass(frozen=True)
class Nasty:
    """What one student hands in, and what must come of it."""

    lay: Callable[[Course, str], object]
    scores: dict[str, float | None]
    flags: set[str]


def handed(change: Callable[[NotebookNode], object] | None = None, **answers: str) -> Any:
    """A right notebook, changed."""

    def lay(course: Course, student: str) -> None:
        node = answered(course.released(), **answers)
        if change:
            change(node)
        course.submit(student, node)

    return lay


def raw(content: Any, name: str = "ps1.ipynb") -> Any:
    """Bytes, or JSON, in the place of a notebook."""
    return lambda course, student: course.submit(student, content, name=name)


def each(*steps: Any) -> Any:
    def lay(course: Course, student: str) -> None:
        for step in steps:
            step(course, student)

    return lay


def beside(make: Callable[[Path], object]) -> Any:
    return lambda course, student: make(course.folder(student))


def drop(*names: str) -> Any:
    def change(node: NotebookNode) -> None:
        for name in names:
            node.cells.remove(cell(node, f"ps1-{name}"))

    return change


def append_copy(name: str, **changes: Any) -> Any:
    def change(node: NotebookNode) -> None:
        twin = copy.deepcopy(cell(node, f"ps1-{name}"))
        twin.id = "twin"
        twin.update(changes)
        node.cells.append(twin)

    return change


def edit(name: str, source: str | None = None, **metadata: Any) -> Any:
    def change(node: NotebookNode) -> None:
        found = cell(node, f"ps1-{name}")
        if source is not None:
            found.source = source
        found.metadata.nbgrader.update(metadata.pop("nbgrader", {}))
        found.metadata.update(metadata)

    return change


def renamed(name: str) -> Any:
    return lambda course, student: course.submit(student, answered(course.released()), name=name)


def large_output(node: NotebookNode) -> None:
    cell(node, "ps1-square").outputs = [new_output("stream", text="x" * 50_000_000)]


def without_metadata(node: NotebookNode) -> None:
    for one in node.cells:
        one.metadata.pop("nbgrader", None)


def downgraded(node: NotebookNode) -> None:
    for one in node.cells:
        if "nbgrader" in one.metadata:
            one.metadata.nbgrader["schema_version"] = 1


def turn_to_markdown(node: NotebookNode) -> None:
    found = cell(node, "ps1-square-test")
    found.cell_type = "markdown"
    del found["outputs"], found["execution_count"]


def own_output(node: NotebookNode) -> None:
    found = cell(node, "ps1-square-test")
    found.outputs = [new_output("execute_result", {"text/plain": "2.0"})]


def latin(course: Course, student: str) -> None:
    text = json.dumps(answered(course.released()), ensure_ascii=False)
    course.submit(student, text.replace("Because", "Porqué").encode("latin-1"))


def with_mark(course: Course, student: str) -> None:
    text = json.dumps(answered(course.released()))
    course.submit(student, b"\xef\xbb\xbf" + text.encode())


WRONG = "def square(x):\n    return 2 * x"
PASS = {"tags": ["skip-execution"]}

CLASS = {
    # nothing wrong
    "anna": Nasty(handed(), FULL, set()),
    "half": Nasty(handed(square=WRONG), FULL | {"square-test": 0}, set()),
    "own-cells": Nasty(
        handed(lambda node: node.cells.insert(3, new_code_cell("helper = 1")), square=SQUARE),
        FULL,
        set(),
    ),
    "李雷 (2)": Nasty(handed(), FULL, set()),
    "byte-order-mark": Nasty(with_mark, FULL, set()),
    "blank": Nasty(
        lambda course, student: course.submit(student, course.released()), ZERO, {"unanswered"}
    ),
    # the file
    "broken-json": Nasty(raw(b'{"cells": [{"cell_type": '), ZERO, {"unreadable"}),
    "not-a-notebook": Nasty(raw([1, 2]), ZERO, {"unreadable"}),
    "no-cells": Nasty(raw({"nbformat": 4}), ZERO, {"unreadable"}),
    "nul-bytes": Nasty(raw(b"\0" * 5000), ZERO, {"unreadable"}),
    "latin-1": Nasty(latin, ZERO, {"unreadable"}),
    "deep": Nasty(raw(b"[" * 200_000), ZERO, {"unreadable"}),
    "endless-number": Nasty(raw(b'{"cells": ' + b"1" * 9000 + b"}"), ZERO, {"unreadable"}),
    "strange-cells": Nasty(
        raw({"cells": [None, 1, {"source": 3}, {"metadata": 4, "source": [5]}]}),
        ZERO,
        {"other-assignment"},
    ),
    "large-output": Nasty(handed(large_output), FULL, set()),
    "too-large": Nasty(raw(b"x" * 101_000_000), ZERO, {"missing", "refused"}),
    "empty-file": Nasty(raw(b""), ZERO, {"missing"}),
    "no-notebook": Nasty(raw(b"I was ill.", "note.txt"), ZERO, {"missing"}),
    "empty-folder": Nasty(beside(lambda folder: folder.mkdir(parents=True)), ZERO, {"missing"}),
    "other-assignment": Nasty(
        lambda course, student: course.submit(student, answered(course.released("ps0"), "ps0")),
        ZERO,
        {"other-assignment"},
    ),
    "renamed": Nasty(renamed("ps1 (1).ipynb"), FULL, {"renamed"}),
    "in-a-folder": Nasty(renamed("ps1/ps1.ipynb"), FULL, {"renamed"}),
    "broken-and-copy": Nasty(each(raw(b"{"), renamed("ps1-Copy1.ipynb")), FULL, {"replaced"}),
    # the cells
    "deleted-test": Nasty(handed(drop("square-test", "why")), FULL | {"why": 0}, {"deleted"}),
    "deleted-setup": Nasty(handed(drop("setup")), FULL, {"deleted"}),
    "deleted-answer": Nasty(handed(drop("mean")), FULL | {"mean-test": 0}, {"answer-deleted"}),
    "copied-test": Nasty(handed(append_copy("square-test")), FULL, {"copied", "moved"}),
    "copied-answer": Nasty(
        handed(append_copy("square", source=WRONG)),
        FULL | {"square-test": 0},
        {"copied", "moved"},
    ),
    "forged-test": Nasty(
        handed(append_copy("square-test", source="pass"), square=WRONG),
        FULL | {"square-test": 0},
        {"copied", "moved", "edited"},
    ),
    "reversed": Nasty(handed(lambda node: node.cells.reverse()), FULL, {"moved"}),
    "lost-metadata": Nasty(handed(without_metadata), FULL, set()),
    "old-schema": Nasty(handed(downgraded), FULL, set()),
    "new-schema": Nasty(
        handed(edit("mean", nbgrader={"schema_version": 99, "task": True})), FULL, set()
    ),
    "edited-test": Nasty(
        handed(edit("square-test", "assert True"), square=WRONG),
        FULL | {"square-test": 0},
        {"edited"},
    ),
    "test-is-text": Nasty(handed(turn_to_markdown, square=WRONG), FULL | {"square-test": 0}, set()),
    "more-points": Nasty(
        handed(edit("square-test", nbgrader={"points": 99, "locked": False})), FULL, set()
    ),
    "skipped-test": Nasty(
        handed(edit("square-test", **PASS), square=WRONG), FULL | {"square-test": 0}, {"tags"}
    ),
    "own-output": Nasty(handed(own_output, square=WRONG), FULL | {"square-test": 0}, set()),
    "other-kernel": Nasty(
        handed(lambda node: node.metadata.update(kernelspec={"name": "bash"})), FULL, set()
    ),
    "surrogates": Nasty(handed(square=SQUARE + "  # \ud800\0"), FULL, {"characters"}),
    "forged-record": Nasty(
        handed(lambda node: node.metadata.update(millwright={"scores": {}, "flags": 3})),
        FULL,
        set(),
    ),
    # what it does when it runs
    "exits": Nasty(
        handed(square="def square(x):\n    raise SystemExit"), FULL | {"square-test": 0}, set()
    ),
    "kills-kernel": Nasty(
        handed(mean="import os\ndef mean(values):\n    os._exit(0)"),
        FULL | {"mean-test": 0},
        {"kernel-died"},
    ),
    "endless": Nasty(
        handed(square="def square(x):\n    while True: pass"),
        FULL | {"square-test": 0},
        {"timeout"},
    ),
    "prints": Nasty(handed(mean="print('x' * 50_000_000)\n" + MEAN), FULL, {"output"}),
    # what lies beside it
    "folder-as-notebook": Nasty(renamed("ps1.ipynb/ps1.ipynb"), FULL, {"replaced"}),
    "folders-as-files": Nasty(
        each(
            handed(),
            raw(b"", "timestamp.txt/soon"),
            raw(b"", "submission_secret.txt/none"),
        ),
        FULL,
        {"bad-timestamp"},
    ),
    "bad-time": Nasty(each(handed(), raw(b"\xff soon", "timestamp.txt")), FULL, {"bad-timestamp"}),
    "link": Nasty(
        each(handed(), beside(lambda f: (f / "book.db").symlink_to("../../../gradebook.db"))),
        FULL,
        {"refused"},
    ),
    "pipe": Nasty(each(handed(), beside(lambda f: os.mkfifo(f / "data.csv"))), FULL, {"refused"}),
    "linked-notebook": Nasty(
        each(
            beside(lambda f: f.mkdir(parents=True)),
            beside(lambda f: (f / "ps1.ipynb").symlink_to("../../anna/ps1/ps1.ipynb")),
        ),
        ZERO,
        {"missing", "refused"},
    ),
    "bad-name": Nasty(
        each(handed(), beside(lambda f: (f / "a\nb").write_text(""))), FULL, {"refused"}
    ),
}


@pytest.fixture(scope="module")
def school(shared_course: Course) -> Course:
    """Everybody has handed in."""
    course = shared_course
    for student, nasty in CLASS.items():
        nasty.lay(course, student)
    return course


@pytest.fixture(scope="module")
def results(school: Course) -> dict[str, dict[str, Any]]:
    """The class is graded, by one command that does not fail."""
    return school.grade()


@pytest.fixture(scope="module")
def rows(school: Course, results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return school.rows()


@pytest.mark.parametrize("student", CLASS)
def test_each_student_gets_the_points_that_remain(
    student: str, rows: dict[str, Any], results: dict[str, Any]
) -> None:
    assert rows[student] == CLASS[student].scores
    assert {flag["kind"] for flag in results[student]["flags"]} == CLASS[student].flags


def test_everybody_has_a_row_and_nobody_else(rows: dict[str, Any], results: dict[str, Any]) -> None:
    assert set(rows) == set(results) == set(CLASS)
    assert {result["state"] for result in results.values()} == {"graded"}


def test_what_needs_a_look_is_flagged_in_formgrader(
    school: Course, results: dict[str, Any]
) -> None:
    with Gradebook(f"sqlite:///{school.root}/gradebook.db", "course") as gradebook:
        flagged = {
            row.student.id: row.flagged for row in gradebook.notebook_submissions("ps1", "ps1")
        }
    assert flagged == {
        student: any(flag["attention"] for flag in result["flags"])
        for student, result in results.items()
    }


def test_the_graded_notebook_says_what_was_noticed(school: Course, results: object) -> None:
    note = school.autograded("forged-test").cells[0].source
    assert "ps1-square-test" in note
    assert all("Noticed by the grader" not in one.source for one in school.autograded("anna").cells)


def test_only_the_courses_kernel_and_metadata_are_used(school: Course, results: object) -> None:
    node = school.autograded("other-kernel")
    assert node.metadata.kernelspec.name == "python3"
    assert set(school.autograded("forged-record").metadata.millwright) == {
        "flags",
        "log",
        "scores",
        "seconds",
        "state",
        "submission",
    }
    assert "tags" not in cell(school.autograded("skipped-test"), "ps1-square-test").metadata


def test_nothing_that_was_handed_in_is_lost(school: Course, results: object) -> None:
    def kept(student: str) -> list[Path]:
        return list((school.root / "received" / student / "ps1").glob("*/files/*.ipynb"))

    (broken,) = kept("broken-json")
    assert broken.read_bytes() == b'{"cells": [{"cell_type": '
    (pipe,) = (school.root / "received/pipe/ps1").glob("*/as-found-1/data.csv")
    assert pipe.is_fifo()
    (link,) = (school.root / "received/link/ps1").glob("*/as-found-1/book*")
    assert link.is_symlink()
    (large,) = (school.root / "received/too-large/ps1").glob("*/as-found-1/ps1.ipynb")
    assert large.stat().st_size == 101_000_000
    assert not any(path.is_symlink() for path in (school.root / "autograded").rglob("*"))


def test_an_unchanged_class_keeps_its_grades(
    school: Course, results: object, rows: dict[str, Any]
) -> None:
    before = {
        path: path.stat().st_mtime_ns for path in (school.root / "autograded").rglob("*.ipynb")
    }
    again = school.grade()
    assert {result["state"] for result in again.values()} == {"kept"}
    assert school.rows() == rows
    assert before == {path: path.stat().st_mtime_ns for path in before}

    school.submit("half", answered(school.released()))
    changed = school.grade()
    assert [name for name, result in changed.items() if result["state"] == "graded"] == ["half"]
    assert school.rows()["half"] == FULL


def test_formgraders_button_gives_the_same_rows(course: Course, rows: dict[str, Any]) -> None:
    """The button grades one student at a time, through nbgrader's API, in a fresh course."""
    students = [
        *("anna", "broken-json", "deleted-test", "copied-test", "kills-kernel", "renamed"),
        *("skipped-test", "pipe", "surrogates", "other-assignment"),
    ]
    for student in students:
        CLASS[student].lay(course, student)
        done = course.api().autograde("ps1", student)
        assert done["success"], done
    assert course.rows() == {student: rows[student] for student in students}


def test_nbgrader_autograde_gives_the_same_rows(course: Course, rows: dict[str, Any]) -> None:
    """The command takes everybody at once, also those who handed in no notebook."""
    students = ["anna", "copied-answer", "no-notebook", "empty-folder", "old-schema", "link"]
    for student in students:
        CLASS[student].lay(course, student)
    done = course.command("nbgrader", "autograde", "ps1")
    assert done.returncode == 0, done.stderr
    assert course.rows() == {student: rows[student] for student in students}
    assert "no-notebook: No notebook ps1.ipynb was handed in." in done.stderr


def test_the_cold_way_gives_the_same_rows(
    fresh_course: Course, tmp_path: Path, rows: dict[str, Any], results: dict[str, Any]
) -> None:
    """One new kernel for answers and tests, chosen by name."""
    students = [
        *("anna", "half", "forged-test", "skipped-test", "exits"),
        *("kills-kernel", "endless", "prints"),
    ]
    course = fresh_course.copy(tmp_path / "course", execution="cold")
    for student in students:
        CLASS[student].lay(course, student)
    cold = course.grade()
    assert course.rows() == {student: rows[student] for student in students}
    assert {student: cold[student]["flags"] for student in students} == {
        student: results[student]["flags"] for student in students
    }


def test_honest_students_get_what_stock_nbgrader_gives(
    fresh_course: Course, tmp_path: Path
) -> None:
    students = ["anna", "half", "own-cells", "blank", "exits"]
    course = fresh_course.copy(tmp_path / "course", execution="stock")
    for student in students:
        CLASS[student].lay(course, student)
    done = course.command("nbgrader", "autograde", "ps1")
    assert done.returncode == 0, done.stderr
    assert course.rows() == {student: CLASS[student].scores for student in students}
