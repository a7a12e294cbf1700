"""The same class, graded by one process or several, here or on a cluster, in either database."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from coursework import Course, answered
from distributed import LocalCluster
from nbgrader.api import Gradebook

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# Every column that grading writes; keys are random, and times are those of the run.
GRADE = ("auto_score", "manual_score", "extra_credit", "needs_manual_grade", "score", "max_score")


def everything(course: Course, url: str = "") -> list[Any]:
    """What the gradebook says of a class."""
    with Gradebook(url or f"sqlite:///{course.root}/gradebook.db", "course") as gradebook:
        return [
            [
                submission.student.id,
                submission.score,
                submission.late_submission_penalty,
                submission.needs_manual_grade,
                submission.timestamp,
                [
                    [
                        page.name,
                        page.flagged,
                        page.late_submission_penalty,
                        sorted(
                            [grade.name, *(getattr(grade, name) for name in GRADE)]
                            for grade in page.grades
                        ),
                        sorted([c.name, c.auto_comment, c.manual_comment] for c in page.comments),
                    ]
                    for page in submission.notebooks
                ],
            ]
            for submission in sorted(
                gradebook.assignment_submissions("ps1"), key=lambda row: row.student.id
            )
        ]


def hand_in(course: Course) -> None:
    released = course.released()
    course.submit("anna", answered(released))
    course.submit("ben", answered(released, square="def square(x):\n    return 4"))
    course.submit("carla", released)
    course.submit("dora", answered(released, mean="import os\nos._exit(1)"))
    course.submit("emil", b"{")
    course.submit("fred", answered(released, square="def square(x):\n    return x * x + 1j * 0"))
    for student in ("anna", "ben"):
        (course.folder(student) / "timestamp.txt").write_text("2026-03-01 10:00:00 UTC")
    with Gradebook(f"sqlite:///{course.root}/gradebook.db", "course") as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate="2026-02-01 00:00:00 UTC")
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "c.LateSubmissionPlugin.penalty_method = 'zero'\n")


@pytest.fixture(scope="module")
def handed_in(fresh_course: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class that nobody has graded; late are anna and ben."""
    course = fresh_course.copy(tmp_path_factory.mktemp("handed-in") / "course")
    hand_in(course)
    return course


@pytest.fixture(scope="module")
def expected(handed_in: Course, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What one process writes."""
    course = twin(handed_in, tmp_path_factory.mktemp("one") / "course")
    course.grade("--workers=1")
    return everything(course)


def twin(course: Course, root: Path) -> Course:
    config = (course.root / "nbgrader_config.py").read_text()
    copy = course.copy(root)
    (copy.root / "nbgrader_config.py").write_text(
        config.replace(str(course.exchange), str(copy.exchange))
    )
    return copy


def test_points_and_penalties_are_as_expected(expected: list[Any]) -> None:
    scores = {student: score - penalty for student, score, penalty, *_ in expected}
    # fred's square is a complex number that equals; anna and ben were late.
    assert scores == {"anna": 0, "ben": 0, "carla": 0, "dora": 2, "emil": 0, "fred": 5}
    assert {student for student, *_, pages in expected if pages[0][1]} >= {"emil"}


def test_several_processes_write_the_same_rows(
    handed_in: Course, expected: list[Any], tmp_path: Path
) -> None:
    course = twin(handed_in, tmp_path / "course")
    course.grade("--workers=3")
    assert everything(course) == expected


def test_nbgraders_own_command_writes_the_same_rows(
    handed_in: Course, expected: list[Any], tmp_path: Path
) -> None:
    course = twin(handed_in, tmp_path / "course")
    done = course.command("nbgrader", "autograde", "ps1")
    assert done.returncode == 0, done.stderr
    assert everything(course) == expected


def test_a_cluster_writes_the_same_rows(
    handed_in: Course, expected: list[Any], tmp_path: Path
) -> None:
    course = twin(handed_in, tmp_path / "course")
    # A cluster leaves settings of its workers in the environment, which other tests would inherit.
    with (
        mock.patch.dict(os.environ),
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
    ):
        course.grade(f"--dask={cluster.scheduler_address}")
    assert everything(course) == expected


def test_without_a_scheduler_nothing_is_done(handed_in: Course, tmp_path: Path) -> None:
    course = twin(handed_in, tmp_path / "course")
    done = course.command("millwright-grade", "ps1", "--dask=tcp://127.0.0.1:1")
    assert done.returncode == 2
    assert "No Dask scheduler answers at 'tcp://127.0.0.1:1'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not everything(course)


def as_nobody(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of PostgreSQL, which refuses to be root."""
    switch = {"user": "nobody", "group": "nogroup", "extra_groups": []} if not os.getuid() else {}
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", **switch)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The address of a database of a PostgreSQL server of our own, on a socket of our own."""
    found = shutil.which("postgres") or next(
        map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)), ""
    )
    assert found, "PostgreSQL is not installed: run `sh tools/setup.sh tests`"
    tools = Path(found).resolve().parent
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
        if not os.getuid():
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
        data, log = f"{folder}/data", f"{folder}/log"
        as_nobody(f"{tools}/initdb", "-D", data, "-U", "teacher", "-A", "trust", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        as_nobody(f"{tools}/pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")
        try:
            as_nobody(f"{tools}/createdb", "-h", folder, "-U", "teacher", "gradebook")
            yield f"postgresql://teacher@/gradebook?host={folder}"
        finally:
            as_nobody(f"{tools}/pg_ctl", "-D", data, "-m", "immediate", "stop")


def test_postgresql_gets_the_same_rows(
    handed_in: Course, expected: list[Any], postgresql: str, tmp_path: Path
) -> None:
    course = twin(handed_in, tmp_path / "course")
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + f"c.CourseDirectory.db_url = {postgresql!r}\n")
    done = course.command("nbgrader", "generate_assignment", "ps1", "--force")
    assert done.returncode == 0, done.stderr
    with Gradebook(postgresql, "course") as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate="2026-02-01 00:00:00 UTC")
    course.grade("--workers=2")
    assert everything(course, postgresql) == expected
    kept = course.grade()
    assert {result["state"] for result in kept.values()} == {"kept"}
