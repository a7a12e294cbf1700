"""What grading a class costs, beside stock nbgrader.

A class is made from a unit's answers, right and wrong ones, until it has `CLASS` students.
`millwright-grade` grades it from nothing, with the course's own configuration, before the peer and
after it. `nbgrader autograde` with nbgrader's settings grades one student, then the first `SAMPLE`;
it takes one after the other, so that each further student takes what these have taken. Honest
students must have the same points from both. The limit for every grader is what the cells of these
students take by themselves, see `bare_cells`, on all processors.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from distributed import LocalCluster
from figure import Figure
from millwright_grader.answers import class_from_answers
from millwright_grader.pool import processors
from millwright_grader.split.execution import SplitExecute
from millwright_grader.warm.owner import close_shared_parents
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook

HERE = Path(__file__).resolve().parent
COURSES = HERE.parent / "courses"
UNITS = [("control", "a04-pid"), ("twins", "b05-kalman"), ("maintenance", "c07-weibull")]
CLASS = 60
SAMPLE = 8
LOOK_SECONDS = 0.25
MIB = 1 << 20
COMMAND = "make bench ARGS=grading"

GRADE, NBGRADER = (
    str(Path(sys.executable).parent / name) for name in ("millwright-grade", "nbgrader")
)
STOCK = "c = get_config()\nc.CourseDirectory.course_id = {course!r}\nc.Execute.timeout = 300\n"

CALLS = 2000
CALLING = f"""
import time
begin = time.perf_counter()
for _ in range({CALLS}):
    twice(1.5)
print((time.perf_counter() - begin) / {CALLS})
"""


def seconds_of(command: list[str], folder: Path) -> tuple[float, str]:
    """Return wall time (s) and output of a command."""
    began = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")
    return time.monotonic() - began, done.stdout


def memory_of(command: list[str], folder: Path) -> float:
    """Return peak memory (bytes, shared pages counted once) of a command.

    Looking costs processor time, so that the same run cannot be timed.
    """
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak, tree = 0, psutil.Process(process.pid)
    while process.poll() is None:
        try:
            family = [tree, *tree.children(recursive=True)]
            peak = max(peak, sum(member.memory_full_info().pss for member in family))
        except psutil.Error:
            continue
        finally:
            time.sleep(LOOK_SECONDS)
    return peak


def fill(course: Path, unit: str, students: list[str]) -> list[str]:
    """Hand in the answers again under other names until the class is full; return the names."""
    for number in range(len(students), CLASS):
        again = students[number % len(students)]
        students.append(f"{again}-{number}")
        shutil.copytree(course / "submitted" / again, course / "submitted" / students[-1])
    for student in students[CLASS:]:
        shutil.rmtree(course / "submitted" / student)
    return students[:CLASS]


def ours(course: Path, unit: str, *options: str) -> dict[str, Any]:
    """Grade a class; return what the command says, with its wall time."""
    seconds, out = seconds_of([GRADE, unit, "--json", "--force", *options], course)
    return json.loads(out) | {"wall": seconds}


def rows(course: Path, unit: str) -> dict[str, dict[str, float | None]]:
    """Return automatic points by student and cell."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        return {
            submission.student.id: {
                grade.name: grade.auto_score
                for page in submission.notebooks
                for grade in page.grades
            }
            for submission in gradebook.assignment_submissions(unit)
        }


def stock_seconds(course: Path, unit: str, students: list[str]) -> float:
    """Return what stock nbgrader takes for a class (s), its start counted once."""
    rest = course / "later"
    rest.mkdir()
    for student in students[1:]:
        (course / "submitted" / student).rename(rest / student)
    first, _ = seconds_of([NBGRADER, "autograde", unit], course)
    for student in students[1:]:
        (rest / student).rename(course / "submitted" / student)
    all_, _ = seconds_of([NBGRADER, "autograde", unit, "--force"], course)
    return first + (CLASS - 1) * (all_ - first) / (len(students) - 1)


def bare_seconds(course: Path, unit: str, students: list[str]) -> float:
    """Return what the cells of a class take by themselves (s) on all processors."""
    script, source = str(HERE / "bare_cells.py"), course / "source" / unit / f"{unit}.ipynb"
    each = [
        float(subprocess.check_output([sys.executable, script, str(page), str(source)]))
        for student in students
        for page in [course / "submitted" / student / unit / f"{unit}.ipynb"]
    ]
    return CLASS * sum(each) / len(each) / processors()


def classes() -> Iterator[Figure]:
    """Grade a class of each unit in both ways."""
    minutes = stock_minutes = bare_minutes = 0.0
    for course, unit in UNITS:
        with tempfile.TemporaryDirectory() as scratch:
            folder, stock = Path(scratch) / "ours", Path(scratch) / "stock"
            answers = class_from_answers(COURSES / course, unit, folder)
            # The right answers first: they are honest, and so are in the sample.
            students = sorted(answers, key=lambda name: (not name.startswith("accept"), name))
            students = fill(folder, unit, students)
            shutil.copytree(folder, stock)
            for student in students[SAMPLE:]:
                shutil.rmtree(stock / "submitted" / student)
            (stock / "nbgrader_config.py").write_text(STOCK.format(course=course))
            results = [ours(folder, unit)]
            theirs_seconds = stock_seconds(stock, unit, students[:SAMPLE])
            results.append(ours(folder, unit))
            wall = sum(result["wall"] for result in results) / len(results)
            bare = bare_seconds(folder, unit, students[:SAMPLE])
            theirs = rows(stock, unit)
            if {name: rows(folder, unit)[name] for name in theirs} != theirs:
                raise RuntimeError(f"{unit}: honest students have other points from nbgrader")
            if unit == UNITS[0][1]:
                yield from scaling(folder, unit, results[-1])
            memory = memory_of([GRADE, unit, "--force", "--student=accept-*"], folder)
            stock_memory = memory_of([NBGRADER, "autograde", unit, "--force"], stock)
        minutes += wall / 60
        stock_minutes += theirs_seconds / 60
        bare_minutes += bare / 60
        common = {"peer": "nbgrader autograde 0.9.6", "better": "lower", "command": COMMAND}
        short = unit.partition("-")[0]
        yield Figure(
            name=f"grading_seconds_{short}",
            value=wall / CLASS,
            peer_value=theirs_seconds / CLASS,
            unit="s a submission",
            **common,
        )
        yield Figure(
            name=f"grading_memory_{short}",
            value=memory / MIB,
            peer_value=stock_memory / MIB,
            unit="MiB at most",
            **common,
        )
    yield Figure(
        name="grading_of_limit",
        value=len(UNITS) * CLASS / minutes,
        peer_value=len(UNITS) * CLASS / bare_minutes,
        unit="submissions a minute",
        peer="the cells alone, warm, on all processors",
        better="higher",
        command=COMMAND,
    )
    yield Figure(
        name="grading_throughput",
        value=len(UNITS) * CLASS / minutes,
        peer_value=len(UNITS) * CLASS / stock_minutes,
        unit="submissions a minute",
        peer="nbgrader autograde 0.9.6",
        better="higher",
        command=COMMAND,
    )


def scaling(folder: Path, unit: str, several: dict[str, Any]) -> Iterator[Figure]:
    """Grade the same class with one process, and on a cluster of this machine."""
    workers = processors()
    one = ours(folder, unit, "--workers=1")
    # By Amdahl: what only one process can do, of all that is to be done.
    serial = one["writing_seconds"] / (one["seconds"] + one["writing_seconds"])
    common = {"peer": None, "peer_value": None, "command": COMMAND}
    yield Figure(
        name="grading_serial_share", value=serial, unit="of the work", better="lower", **common
    )
    yield Figure(
        name="grading_scaling",
        value=one["seconds"] / several["seconds"],
        unit=f"times as fast with {workers} processes",
        better="higher",
        **common,
    )
    with LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        result = ours(folder, unit, f"--dask={cluster.scheduler_address}")
    yield Figure(
        name="grading_scaling_dask",
        value=one["seconds"] / result["seconds"],
        unit=f"times as fast with {workers} Dask workers",
        better="higher",
        **common,
    )


def boundary() -> Figure:
    """Time a call of a test into the sealed process of the student."""
    answer = new_code_cell("def twice(x):\n    return 2 * x", id="answer")
    test = new_code_cell(CALLING, id="test")
    role = {"schema_version": 3, "grade": True, "solution": False, "locked": True, "task": False}
    test.metadata.nbgrader = role | {"grade_id": "test", "points": 1}
    page = new_notebook(cells=[answer, test])
    with tempfile.TemporaryDirectory() as folder:
        page, _ = SplitExecute().preprocess(page, {"metadata": {"path": folder}})
    close_shared_parents()
    return Figure(
        name="boundary_call",
        value=1000 * float(page.cells[-1].outputs[0].text),
        unit="ms",
        peer=None,
        peer_value=None,
        better="lower",
        command=COMMAND,
    )


def measure() -> list[Figure]:
    """Measure everything about grading."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as for a kernel, so that all are alike
    return [boundary(), *classes()]
