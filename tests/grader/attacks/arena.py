"""Where attacks are tried: a course, a class of attackers, and honest neighbours beside them.

Before the class is graded one neighbour has a grade already; another is graded after all
attackers. Both must come out as if they were alone.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from coursework import Course, cell, managed, notebook, solution
from nbformat import NotebookNode

SETUP = """\
import math
import pathlib
import numpy as np
import sympy as sp

x = sp.Symbol("x")

class Rig:
    secret = 4711
    def __init__(self):
        self.level = 0.0
    def step(self, u):
        self.level += u
        return self.level"""

ANSWERS = {
    "square": "def square(value):\n    return value * value",
    "mean": "def mean(values):\n    return math.fsum(values) / len(values)",
    "rate": "def rate(k):\n    return k / 4",
    "bonus": "def bonus():\n    return 0.5",
    "formula": "def formula():\n    return sp.sin(x) ** 2",
    "drive": "def drive(rig, noise, path, ramp):\n"
    "    return [rig.step(u) for u in ramp][-1] + len(path.name) + 0 * noise.normal()",
}
# Every hidden test holds a mark by which a leak is known wherever it turns up.
MARK = "hidden-mark-31415"
TESTS = {
    "square": ("assert square(2) == 4", f"assert square(-7) == 49, 'square'  # {MARK}", 2),
    "mean": ("assert mean([1, 2]) == 1.5", f"assert np.isclose(mean([5, 8]), 6.5)  # {MARK}", 3),
    "rate": ("assert rate(0) == 0", f"# {MARK}\nfloat(sum(rate(k) == k / 4 for k in range(4)))", 4),
    "bonus": ("assert bonus() >= 0", f"# {MARK}\nbonus()", 1),
    "formula": (
        "assert sp.simplify(formula() - sp.sin(x) ** 2) == 0",
        f"# {MARK}\nassert abs(sp.lambdify(x, formula())(1.0) - math.sin(1) ** 2) < 1e-9",
        2,
    ),
    "drive": (
        "noise, path = np.random.default_rng(1), pathlib.Path('data.csv')\n"
        "assert drive(Rig(), noise, path, iter([1, 2])) == 11",
        f"rig = Rig()\nassert drive(rig, noise, path, (u for u in [2, 3])) == 13  # {MARK}\n"
        "assert rig.level == 5",
        2,
    ),
}
FULL: dict[str, float | None] = {"why": None, "bonus-test": 0.5} | {
    f"{name}-test": points for name, (_, _, points) in TESTS.items() if name != "bonus"
}
ZERO = dict.fromkeys(FULL, 0.0)

TOKEN = "token-of-the-teacher"
# A wrong answer for which every point would be stolen.
WRONG = "def square(value):\n    return 0"
NEIGHBOURS = {"anna": "written-by-anna-27182", "zoe": "written-by-zoe-16180"}


def without(*names: str) -> dict[str, float | None]:
    """All points but those of these tasks."""
    return FULL | {f"{name}-test": 0 for name in names}


@dataclass(frozen=True)
class Attack:
    """What one attacker hands in and what must come of it.

    Attributes
    ----------
    answers
        Code by task; the others are answered honestly. "top" is a cell before all others.
    scores
        What each graded cell earns; a set where more than one outcome is just.
    flags
        Kinds that must be among the flags.
    change
        Changes the notebook, or lays down files beside it.
    raw
        Bytes in the place of the notebook.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=lambda: without("square"))
    flags: frozenset[str] = frozenset()
    change: Callable[[NotebookNode, Path], object] | None = None
    raw: bytes | None = None


def attack(code: str = "", *flags: str, task: str = "square", **more: Any) -> Attack:
    """Attack in the answer of one task, whose points must stay away."""
    more.setdefault("scores", without(task))
    return Attack({task: code} if code else {}, flags=frozenset(flags), **more)


def source() -> NotebookNode:
    cells = [managed(SETUP, "ps1-setup", locked=True)]
    for name, answer in ANSWERS.items():
        shown, hidden, points = TESTS[name]
        test = f"{shown}\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"
        cells.append(solution(answer, f"ps1-{name}"))
        cells.append(managed(test, f"ps1-{name}-test", points=points, grade=True, locked=True))
    why = "### BEGIN SOLUTION\nBecause.\n### END SOLUTION"
    cells.append(managed(why, "ps1-why", "markdown", grade=True, solution=True, points=5))
    return notebook(*cells)


class Arena(Course):
    """A course with one assignment, and what came of grading a class of attackers in it."""

    results: dict[str, dict[str, Any]]
    scores: dict[str, dict[str, Any]]
    printed: str
    seconds: float

    def __init__(self, root: Path) -> None:
        self.root, self.execution = root, "sealed"
        self.exchange = root.parent / f"{root.name}-exchange"
        self.exchange.mkdir(parents=True)
        self._write_config()
        folder = root / "source" / "ps1"
        folder.mkdir(parents=True)
        (folder / "data.csv").write_text("1,2,3\n")
        nbformat.write(source(), folder / "ps1.ipynb")
        made = self.api().generate_assignment("ps1")
        assert made["success"], made

    def _write_config(self) -> None:
        super()._write_config()
        with (self.root / "nbgrader_config.py").open("a") as config:
            config.write(
                "c.Execute.timeout = 2\n"
                "c.MillwrightExecute.budget = 12\n"
                "c.SplitExecute.memory = 1200\n"
                "c.SplitExecute.imports = ['numpy', 'sympy', 'matplotlib.pyplot']\n"
            )

    def write(self, student: str, attack: Attack) -> NotebookNode:
        node = self.released()
        for task, code in (ANSWERS | dict(attack.answers)).items():
            if task == "top":
                node.cells.insert(0, nbformat.v4.new_code_cell(code, id="top"))
            else:
                cell(node, f"ps1-{task}").source = code
        cell(node, "ps1-why").source = NEIGHBOURS.get(student, "Because.")
        folder = self.folder(student)
        folder.mkdir(parents=True, exist_ok=True)
        if attack.change:
            attack.change(node, folder)
        return node

    def hold(self, attacks: Mapping[str, Attack]) -> None:
        """Grade one neighbour, then the class."""
        self.attacks = attacks
        for name, words in NEIGHBOURS.items():
            honest = Attack({"top": f"words = {words!r}"})
            self.submit(name, self.write(name, honest))
        for name, attack in attacks.items():
            node = self.write(name, attack)
            self.submit(name, node if attack.raw is None else attack.raw)
        self.submitted = {name: self.digests(name, "submitted") for name in NEIGHBOURS}
        self.grade("--student", "anna")
        self.before = (
            self.digests("anna") | self.digests("", "source") | self.digests("", "release")
        )
        began = time.monotonic()
        done = self.command("millwright-grade", "ps1", "--json", SECRET_TOKEN=TOKEN)
        self.seconds = time.monotonic() - began
        self.printed = done.stdout + done.stderr
        assert done.stdout.startswith("{"), self.printed
        self.results = {one["student"]: one for one in json.loads(done.stdout)["results"]}
        self.scores = self.rows()

    def digests(self, student: str, *steps: str) -> dict[str, str]:
        """Digests of all files of a student, or of a whole step."""
        found: dict[str, str] = {}
        for step in steps or ("submitted", "autograded", "received"):
            for path in sorted((self.root / step / student).rglob("*")):
                if path.is_file():
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    found[str(path.relative_to(self.root))] = digest
        return found

    def graded_text(self, student: str) -> str:
        """All that is kept of a graded submission, but for the tests' own cells."""
        node = self.autograded(student)
        return json.dumps(
            [one.get("outputs") for one in node.cells]
            + [
                one.source
                for one in node.cells
                if not one.metadata.get("nbgrader", {}).get("locked")
            ]
        )

    def outcome(self, student: str) -> None:
        """Assert that an attack has gained nothing and was noticed as it should be."""
        attack, result = self.attacks[student], self.results[student]
        assert result["state"] == "graded", result
        for name, expected in attack.scores.items():
            allowed = expected if isinstance(expected, set) else {expected}
            assert self.scores[student][name] in allowed, (name, self.scores[student])
        kinds = {flag["kind"] for flag in result["flags"]}
        assert attack.flags <= kinds, result["flags"]
        assert MARK not in self.graded_text(student)

    def neighbours_are_untouched(self) -> None:
        """Assert that honest submissions of the same run are as if there were no others."""
        for name in NEIGHBOURS:
            assert self.scores[name] == FULL
            assert self.results[name]["flags"] == []
            assert self.submitted[name].items() <= self.digests(name, "submitted").items()
        assert self.results["anna"]["state"] == "kept"
        assert self.results["zoe"]["state"] == "graded"
        now = self.digests("anna") | self.digests("", "source") | self.digests("", "release")
        assert now == self.before
        anna, zoe = self.autograded("anna"), self.autograded("zoe")
        assert [one.source for one in zoe.cells[1:-1]] == [one.source for one in anna.cells[1:-1]]
        assert [one.get("outputs") for one in zoe.cells] == [
            one.get("outputs") for one in anna.cells
        ]
        for word in NEIGHBOURS.values():
            assert not any(word in self.graded_text(name) for name in self.attacks)
