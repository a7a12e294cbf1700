"""Processes die, disks fill, gradebooks are locked: nothing is lost, and nobody pays for it."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from coursework import Course, answered

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STUDENTS = ["anna", "ben", "carla", "dora"]
# Long enough for something to happen meanwhile.
SLOWLY = """def mean(values):
    import time
    time.sleep(1)
    return math.fsum(values) / len(values)"""


class Grading:
    """millwright-grade at work in a course folder."""

    def __init__(self, course: Course, **limits: Any) -> None:
        self.process = subprocess.Popen(
            [Path(sys.executable).parent / "millwright-grade", "ps1", "--json", "--workers=2"],
            cwd=course.root,
            env=os.environ | {"HOME": str(course.root.parent)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **limits,
        )
        self.me = psutil.Process(self.process.pid)

    def children(self) -> list[psutil.Process]:
        return self.me.children()

    @staticmethod
    def is_parent(process: psutil.Process) -> bool:
        return any(part.endswith("warm/parent.py") for part in process.cmdline())

    def when(self, ready: Any) -> Any:
        """Wait until something is there to be killed, and return it."""
        while self.process.poll() is None:
            try:
                if found := ready():
                    return found
            except psutil.Error:
                pass
            time.sleep(0.02)
        raise AssertionError(self.process.communicate())

    def kernels(self) -> list[psutil.Process]:
        """What the warm parent has forked: kernels and checkers."""
        return [
            forked
            for child in self.children()
            if self.is_parent(child)
            for forked in child.children()
            if forked.cmdline() == child.cmdline()  # imports run commands, too
        ]

    def end(self) -> tuple[int, dict[str, dict[str, Any]]]:
        out, err = self.process.communicate(timeout=300)
        assert "Traceback" not in err, err
        return self.process.returncode, {r["student"]: r for r in json.loads(out)["results"]}


@pytest.fixture
def slow_class(course: Course) -> Course:
    for student in STUDENTS:
        course.submit(student, answered(course.released(), mean=SLOWLY))
    return course


def everybody_has_full_points(course: Course, results: dict[str, dict[str, Any]]) -> None:
    assert {student: result["score"] for student, result in results.items()} == dict.fromkeys(
        STUDENTS, 5
    )
    assert not [result["flags"] for result in results.values() if result["flags"]]


def test_a_worker_that_disappears(slow_class: Course) -> None:
    grading = Grading(slow_class)
    grading.when(lambda: len(grading.kernels()) > 2)
    worker = next(child for child in grading.children() if not grading.is_parent(child))
    worker.kill()
    code, results = grading.end()
    assert code == 0, [r["reason"] for r in results.values()]
    everybody_has_full_points(slow_class, results)


def test_a_parent_that_dies(slow_class: Course) -> None:
    grading = Grading(slow_class)
    grading.when(lambda: len(grading.kernels()) > 2)
    next(filter(grading.is_parent, grading.children())).kill()
    code, results = grading.end()
    assert code == 0, [r["reason"] for r in results.values()]
    everybody_has_full_points(slow_class, results)


def test_a_checker_that_crashes(slow_class: Course) -> None:
    """Once is bad luck; the submission is marked again."""
    grading = Grading(slow_class)
    forked = grading.when(lambda: len(grading.kernels()) > 2 and grading.kernels())
    # The student's process works in a copy of its own, a checker where the files are as they came.
    checkers = [process for process in forked if Path(process.cwd()).name != "work"]
    assert checkers
    checkers[0].kill()
    code, results = grading.end()
    assert code == 0, [r["reason"] for r in results.values()]
    everybody_has_full_points(slow_class, results)


def test_a_test_that_kills_its_checker_each_time(course: Course) -> None:
    path = course.root / "source" / "ps1" / "ps1.ipynb"
    path.write_text(path.read_text().replace("assert square(2) == 4", "import os; os._exit(3)"))
    assert course.api().generate_assignment("ps1")["success"]
    course.submit("anna", answered(course.released()))
    result = course.grade()["anna"]
    assert [flag["kind"] for flag in result["flags"]] == ["checker"]
    assert result["scores"]["ps1-square-test"] == 0


def test_a_submission_that_always_takes_its_worker_along(slow_class: Course) -> None:
    config = slow_class.root / "nbgrader_config.py"
    config.write_text(
        config.read_text()
        + "import os\n"
        + "from nbgrader.preprocessors import NbGraderPreprocessor\n"
        + "class Fatal(NbGraderPreprocessor):\n"
        + "    def preprocess(self, nb, resources):\n"
        + "        if resources['nbgrader']['student'] == 'ben':\n"
        + "            os._exit(1)\n"
        + "        return nb, resources\n"
        + "c.Autograde.sanitize_preprocessors = [Fatal]\n"
    )
    code, results = Grading(slow_class).end()
    assert code == 1
    ben = results.pop("ben")
    assert ben["state"] == "failed"
    assert "ended, perhaps for lack of memory" in ben["reason"]
    assert {result["score"] for result in results.values()} == {5}


def test_a_locked_gradebook_is_waited_for(slow_class: Course) -> None:
    grading = Grading(slow_class)
    grading.when(lambda: grading.kernels())
    other = sqlite3.connect(slow_class.root / "gradebook.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    time.sleep(8)
    other.execute("ROLLBACK")
    other.close()
    code, results = grading.end()
    assert code == 0, [r["reason"] for r in results.values()]
    everybody_has_full_points(slow_class, results)


def test_a_gradebook_that_is_locked_at_first_is_waited_for(slow_class: Course) -> None:
    other = sqlite3.connect(slow_class.root / "gradebook.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    grading = Grading(slow_class)
    time.sleep(8)  # longer than the database itself waits
    assert grading.process.poll() is None
    other.execute("ROLLBACK")
    other.close()
    code, results = grading.end()
    assert code == 0, [r["reason"] for r in results.values()]
    everybody_has_full_points(slow_class, results)


def test_a_gradebook_that_stays_locked(slow_class: Course) -> None:
    other = sqlite3.connect(slow_class.root / "gradebook.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    done = slow_class.command("millwright-grade", "ps1")
    assert done.returncode == 2
    assert "the gradebook could not be" in done.stderr
    assert "locked" in done.stderr
    other.execute("ROLLBACK")
    other.close()
    everybody_has_full_points(slow_class, slow_class.grade())


def test_a_disk_that_is_full(slow_class: Course) -> None:
    """The gradebook cannot grow; when there is room again, the class is graded."""
    size = 20_000  # bytes, the gradebook has more
    assert (slow_class.root / "gradebook.db").stat().st_size > 2 * size

    def no_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    code, results = Grading(slow_class, preexec_fn=no_room).end()
    assert code == 1
    failed = [result for result in results.values() if result["state"] == "failed"]
    assert failed
    assert all(result["reason"].count("\n") == 0 for result in failed)
    assert all("the gradebook could not be written" in result["reason"] for result in failed)
    everybody_has_full_points(slow_class, slow_class.grade())
