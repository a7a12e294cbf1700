"""The answers of every unit and lab, handed in by one student each and graded by the real grader.

Right answers get full marks, each wrong one loses exactly the cells that it names, and who
answers nothing gets nothing.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from millwright_grader.answers import UNANSWERED, class_from_answers
from nbgrader.utils import is_grade, is_solution
from rules import labs, units

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

UNITS = [unit.source.parent for unit in (*units(), *labs())]


def points_of(unit: Path) -> dict[str, float]:
    """Points of the cells that the tests decide, by grade id."""
    return {
        cell.metadata.nbgrader["grade_id"]: cell.metadata.nbgrader["points"]
        for path in unit.glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if is_grade(cell) and not is_solution(cell)
    }


def grade(course: Path, unit: str) -> dict[str, dict[str, Any]]:
    """Grade a class; return results by student."""
    command = [Path(sys.executable).parent / "millwright-grade", unit, "--json"]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {result["student"]: result for result in json.loads(done.stdout)["results"]}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_answers_get_what_they_deserve(unit: Path, tmp_path: Path) -> None:
    course = tmp_path / "course"
    answers = class_from_answers(unit.parents[1], unit.name, course)
    points = points_of(unit)
    results = grade(course, unit.name)

    wrong = []
    for student, answer in answers.items():
        scores = results[student]["scores"]
        lost = {name for name, most in points.items() if scores[name] < most}
        gained = {name for name in points if scores[name] > 0}
        if student == UNANSWERED:
            if gained:
                wrong.append(f"{student}: gets points for {sorted(gained)}")
        elif answer and answer.fails - points.keys():
            wrong.append(f"{student}: names {sorted(answer.fails - points.keys())}, no tests")
        elif answer and lost != answer.fails:
            wrong.append(
                f"{student}: loses {sorted(lost) or 'nothing'}, "
                f"should lose {sorted(answer.fails) or 'nothing'} ({answer.title})"
            )
    assert not wrong, "\n" + "\n".join(wrong)
