"""millwright-grade when there is nothing, or something wrong, to grade."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from coursework import Course, answered, source
from millwright_grader.app import GradeApp
from millwright_grader.command import imports_named
from millwright_grader.configuration import IMPORTS
from millwright_grader.gradelog import GradeLog
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ps9"], "The gradebook has no assignment 'ps9'. The gradebook knows: ps0, ps1."),
        (["ps1"], "No submission of 'ps1' lies in"),
        (["ps1", "--student", "eve"], "No submission of 'ps1' by 'eve' lies in"),
        ([], "Name one assignment"),
        (["ps1", "ps0"], "Name one assignment"),
        (["ps1", "--course-dir=.."], "is not a course folder"),
    ],
)
def test_nothing_to_grade_says_what_to_do_next(
    course: Course, arguments: list[str], says: str
) -> None:
    done = course.command("millwright-grade", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("config", "imports"),
    [
        (b"configure(c, imports=['numpy', 'json'])", ["numpy", "json"]),
        (b"configure(c, execution='cold', imports=('numpy',))", ["numpy"]),
        (b"configure(c, imports=[])", []),
        (b"configure(c)", list(IMPORTS)),
        (b"if True:\n    configure(\n        c,\n    )", list(IMPORTS)),
        # What only running it would tell is left to nbgrader.
        (b"names = ['numpy']\nconfigure(c, imports=names)", []),
        (b"configure(c, imports=['numpy', 3, None])", ["numpy"]),
        (b"configure(c, imports=3)", []),
        (b"c = get_config()", []),
        (b"configure(c, imports=[", []),
        (b"\xff\xfe\0", []),
        (b"(" * 5000, []),
        (b"", []),
        (None, []),
    ],
)
def test_imports_are_read_off_a_configuration_that_is_not_run(
    config: bytes | None, imports: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "nbgrader_config.py"
    if config is not None:
        path.write_bytes(config)
    assert imports_named(path) == imports


def test_a_course_folder_named_from_outside_stays_the_same(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """nbgrader changes into it while it converts; a second look must not go one folder deeper."""
    monkeypatch.chdir(course.root.parent)
    app = GradeApp()
    app.initialize(["ps1", f"--course-dir={course.root.name}"])
    monkeypatch.chdir(course.root)
    app.update_config(Config(GradeApp={"force": True}))
    assert Path(app.coursedir.root) == course.root
    assert Path(CourseDirectory(config=app.config).root) == course.root


def test_a_kernel_that_does_not_start_changes_no_grade(course: Course) -> None:
    """The grader's own trouble is never a student's zero."""
    course.submit("anna", answered(course.released()))
    assert course.grade()["anna"]["score"] == 5
    before = course.rows()
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "c.NotebookClient.kernel_name = 'no-such-kernel'\n")
    done = course.command("millwright-grade", "ps1", "--force")
    assert done.returncode == 1
    assert "anna: not graded: KernelStartError: The kernel 'no-such-kernel'" in done.stdout
    assert course.rows() == before
    assert "KernelStartError" in (course.root / "received/anna/ps1/failure.log").read_text()


def test_a_new_test_grades_everybody_again(course: Course) -> None:
    course.submit("anna", answered(course.released()))
    course.grade()
    path = course.root / "source" / "ps1" / "ps1.ipynb"
    path.write_text(path.read_text().replace("square(2) == 4", "square(3) == 9"))
    assert course.api().generate_assignment("ps1")["success"]
    assert course.grade()["anna"]["state"] == "graded"


def test_killed_grading_goes_on_where_it_stopped(course: Course) -> None:
    """Killed again and again at any moment: nobody is lost, and nobody is marked twice."""
    students = [f"s{number:02}" for number in range(30)]
    slow = "import time\ntime.sleep(0.3)\ndef square(x):\n    return x * x"
    for student in students:
        course.submit(student, answered(course.released(), square=slow))
    moments = random.Random(30)

    def graded() -> int:
        return len(list(course.root.glob("autograded/*/ps1")))

    for _ in range(20):
        before, moment = graded(), time.monotonic() + moments.uniform(0.3, 2.5)
        running = subprocess.Popen(
            [Path(sys.executable).parent / "millwright-grade", "ps1"],
            cwd=course.root,
            env=os.environ | {"HOME": str(course.root.parent)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # At a random moment of the start, or just after a notebook was laid down.
        while time.monotonic() < moment and graded() == before:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.1))
        assert running.poll() is None, "the class was graded before it could be killed"
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    results = course.grade()
    assert sorted(results) == students
    assert {result["score"] for result in results.values()} == {5}
    assert not list(course.root.glob("autograded/*/.*")), "half a folder was left"
    log = GradeLog(CourseDirectory(root=str(course.root))).read()
    assert not log.problems
    named = Counter(entry.entry.student for entry in log.entries)
    assert set(named) == set(students)
    # At a kill between log and notebook one submission is marked again; no other is.
    assert sum(named.values()) <= len(students) + 20
    rows = course.rows()
    assert course.grade() == {
        student: result | {"state": "kept"} for student, result in results.items()
    }
    assert course.rows() == rows


def test_the_table_is_for_people_and_json_for_programs(course: Course) -> None:
    course.submit("anna", answered(course.released()))
    course.submit("ben", b"{")
    table = course.command("millwright-grade", "ps1")
    head, anna, ben, *rest = table.stdout.splitlines()
    assert head.split() == ["student", "score", "max", "seconds", "flags"]
    assert anna.split()[:3] == ["anna", "5", "10"]
    assert "to be marked" in anna
    assert ben.split()[:3] == ["ben", "0", "10"]
    assert "ben: ps1.ipynb cannot be read" in "\n".join(rest)
    printed = course.command("millwright-grade", "ps1", "--json")
    content = json.loads(printed.stdout)
    assert content["assignment"] == "ps1"
    assert content["results"][0]["scores"] == {
        "ps1-square-test": 2.0,
        "ps1-mean-test": 3.0,
        "ps1-why": None,
    }


def test_a_folder_no_student_can_have_stops_nobody(course: Course) -> None:
    for name in ("two\nlines", "[abc]", "anna"):
        course.submit(name, answered(course.released()))
    done = course.command("millwright-grade", "ps1")
    assert done.returncode == 1
    assert "two\\nlines: not graded: rename the folder" in done.stdout
    assert "[abc]: not graded: rename the folder" in done.stdout
    assert set(course.rows()) == {"anna"}
    assert course.command("nbgrader", "autograde", "ps1", "--force").returncode == 0
    assert set(course.rows()) == {"anna"}


def test_each_notebook_of_an_assignment_is_looked_for(course: Course) -> None:
    """Two notebooks are due, one is handed in."""
    nbformat.write(source("ps1b"), course.root / "source" / "ps1" / "ps1b.ipynb")
    assert course.api().generate_assignment("ps1")["success"]
    course.submit("anna", answered(course.released()))
    result = course.grade()["anna"]
    assert (result["score"], result["max_score"]) == (5, 20)
    assert [flag["what"] for flag in result["flags"]] == [
        "No notebook ps1b.ipynb was handed in. Its cells score 0."
    ]
    assert course.folder("anna", "autograded").joinpath("ps1b.ipynb").exists()


def test_manual_marks_survive_grading_again(course: Course) -> None:
    course.submit("anna", answered(course.released()))
    course.grade()
    with Gradebook(f"sqlite:///{course.root}/gradebook.db", "course") as gradebook:
        grade = gradebook.find_grade("ps1-why", "ps1", "ps1", "anna")
        grade.manual_score, grade.needs_manual_grade = 4, False
        gradebook.db.commit()
    assert course.grade()["anna"]["score"] == 9
    again = course.grade("--force")["anna"]
    assert again["score"] == 9
    assert again["needs_marking"]
