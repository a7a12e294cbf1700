"""What the tests of a unit find: the share of mutants of its reference solution that lose points.

`millwright-grade prove` on each unit, as its author runs it, answers included: a unit whose answers
do not get what they deserve has no figure.
"""

import json
import subprocess
import sys
from pathlib import Path

from figure import Figure

COURSES = Path(__file__).resolve().parent.parent / "courses"
UNITS = [("control", "a04-pid"), ("twins", "b05-kalman"), ("maintenance", "c07-weibull")]


def measure() -> list[Figure]:
    """Prove each unit."""
    return [
        Figure(
            name=f"mutation_score_{unit.partition('-')[0]}",
            value=score(COURSES / course, unit),
            unit="of mutants killed",
            peer=None,
            peer_value=None,
            better="higher",
            command="make bench ARGS=mutation",
        )
        for course, unit in UNITS
    ]


def score(course: Path, unit: str) -> float:
    """Return a unit's mutation score, equivalent mutants not counted."""
    command = [Path(sys.executable).parent / "millwright-grade", "prove", unit, "--json"]
    done = subprocess.run(command, cwd=course, stdout=subprocess.PIPE, text=True, check=False)
    if not done.stdout:
        raise RuntimeError(f"{unit}: nothing was proved")
    proof = json.loads(done.stdout)
    wrong = [answer["name"] for answer in proof["answers"] if not answer["ok"]]
    if wrong or proof["score"] is None:
        raise RuntimeError(f"{unit}: {', '.join(wrong) or 'no mutant'} stands in the way")
    return float(proof["score"])
