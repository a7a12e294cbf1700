"""What one submission costs: seconds and peak memory, beside stock nbgrader.

The same small class, made from a unit's answers, is graded twice: by `nbgrader autograde` with
nbgrader's own settings, and by `millwright-grade` with the course's. Both start from nothing.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from figure import Figure
from millwright_grader.answers import class_from_answers

COURSES = Path(__file__).resolve().parent.parent / "courses"
UNITS = [("control", "a04-pid"), ("twins", "b05-kalman"), ("maintenance", "c07-weibull")]
CLASS = 4  # submissions; enough to spread the start over, few enough for stock nbgrader
LOOK_SECONDS = 0.1
MIB = 1 << 20

STOCK = "c = get_config()\nc.CourseDirectory.course_id = {course!r}\nc.Execute.timeout = 300\n"


def cost(command: list[str], folder: Path) -> tuple[float, float]:
    """Return wall time (s) and peak memory (bytes, shared pages counted once) of a command."""
    began = time.monotonic()
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
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return time.monotonic() - began, peak


def measure() -> list[Figure]:
    """Grade a class of each unit in both ways."""
    scripts = Path(sys.executable).parent
    figures = []
    for course, unit in UNITS:
        with tempfile.TemporaryDirectory() as scratch:
            ours, stock = Path(scratch) / "ours", Path(scratch) / "stock"
            students = sorted(class_from_answers(COURSES / course, unit, ours))
            for student in students[CLASS:]:
                shutil.rmtree(ours / "submitted" / student)
            shutil.copytree(ours, stock)
            (stock / "nbgrader_config.py").write_text(STOCK.format(course=course))
            seconds, memory = cost([str(scripts / "millwright-grade"), unit], ours)
            stock_seconds, stock_memory = cost(
                [str(scripts / "nbgrader"), "autograde", unit], stock
            )
        common = {
            "peer": "nbgrader autograde 0.9.6",
            "better": "lower",
            "command": "make bench ARGS=grading",
        }
        short = unit.partition("-")[0]
        figures += [
            Figure(
                name=f"grading_seconds_{short}",
                value=seconds / CLASS,
                peer_value=stock_seconds / CLASS,
                unit="s a submission",
                **common,
            ),
            Figure(
                name=f"grading_memory_{short}",
                value=memory / MIB,
                peer_value=stock_memory / MIB,
                unit="MiB at most",
                **common,
            ),
        ]
    return figures
