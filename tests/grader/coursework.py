"""A tiny real nbgrader course for the tests: two assignments and what students make of them."""

import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
from millwright_grader import configure
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from traitlets.config import Config

HIDDEN = "assert square(-7) == 49, 'square: look at negative numbers'"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}

# Every command starts a parent of its own; what these notebooks do not use would only cost time.
IMPORTS = ["math"]

SETUP = "import math\nLIMIT = 3"
SQUARE = "def square(x):\n    return x * x"
MEAN = "def mean(values):\n    return math.fsum(values) / len(values)"


def managed(source: str, name: str, cell_type: str = "code", **flags: Any) -> NotebookNode:
    make = new_code_cell if cell_type == "code" else new_markdown_cell
    node = make(source, id=name)
    node.metadata.nbgrader = {
        "grade_id": name,
        "schema_version": 3,
        "grade": False,
        "solution": False,
        "locked": False,
        "task": False,
        "cell_type": cell_type,
        **flags,
    }
    return node


def solution(source: str, name: str) -> NotebookNode:
    head, _, body = source.partition("\n")
    return managed(
        f"{head}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION", name, solution=True
    )


def notebook(*cells: NotebookNode) -> NotebookNode:
    node = new_notebook(cells=list(cells))
    node.metadata.kernelspec = KERNEL
    return node


def source(unit: str) -> NotebookNode:
    """The instructor's notebook; every unit has the same cells under its own ids."""
    test = {"grade": True, "locked": True}
    return notebook(
        new_markdown_cell(f"# {unit}", id="head"),
        managed(SETUP, f"{unit}-setup", locked=True),
        solution(SQUARE, f"{unit}-square"),
        managed(
            "assert square(2) == 4, 'square: try 2'\n"
            f"### BEGIN HIDDEN TESTS\n{HIDDEN}\n### END HIDDEN TESTS",
            f"{unit}-square-test",
            points=2,
            **test,
        ),
        new_markdown_cell("## Means", id="means"),
        solution(MEAN, f"{unit}-mean"),
        managed(
            "assert mean([1, 2]) == 1.5, 'mean: try 1 and 2'\n"
            "### BEGIN HIDDEN TESTS\n"
            "assert abs(mean([0.1] * 10) - 0.1) < 1e-15, 'mean: sum with care'\n"
            "### END HIDDEN TESTS",
            f"{unit}-mean-test",
            points=3,
            **test,
        ),
        managed(
            "### BEGIN SOLUTION\nBecause.\n### END SOLUTION",
            f"{unit}-why",
            "markdown",
            grade=True,
            solution=True,
            points=5,
        ),
    )


class Course:
    """A course folder with its exchange beside it."""

    def __init__(self, root: Path, execution: str = "sealed", units: tuple[str, ...] = ("ps1",)):
        """Make a course and generate its assignments."""
        self.root = root
        self.exchange = root.parent / f"{root.name}-exchange"
        self.exchange.mkdir(parents=True)
        self.exchange.chmod(0o777)
        self.execution = execution
        self._write_config()
        for unit in units:
            folder = root / "source" / unit
            folder.mkdir(parents=True)
            nbformat.write(source(unit), folder / f"{unit}.ipynb")
            made = self.api().generate_assignment(unit)
            assert made["success"], made

    def copy(self, root: Path, execution: str = "sealed") -> "Course":
        """A course of its own that starts where this one is; "stock" is not configured."""
        twin = copy.copy(self)
        twin.root, twin.execution = root, execution
        twin.exchange = root.parent / f"{root.name}-exchange"
        shutil.copytree(self.root, twin.root)
        shutil.copytree(self.exchange, twin.exchange)
        twin._write_config()
        return twin

    def _write_config(self) -> None:
        lines = ["c = get_config()"]
        if self.execution != "stock":
            call = f"configure(c, execution={self.execution!r}, imports={IMPORTS})"
            lines += ["from millwright_grader import configure", call]
        lines += [
            'c.CourseDirectory.course_id = "course"',
            f"c.Exchange.root = {str(self.exchange)!r}",
            "c.Execute.timeout = 5",
        ]
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "nbgrader_config.py").write_text("\n".join(lines) + "\n")

    @property
    def config(self) -> Config:
        config = Config()
        if self.execution != "stock":
            configure(config, execution=self.execution, imports=IMPORTS)
        config.CourseDirectory.root = str(self.root)
        config.CourseDirectory.course_id = "course"
        config.Exchange.root = str(self.exchange)
        config.Execute.timeout = 5
        return config

    def api(self) -> NbGraderAPI:
        """What formgrader's buttons call."""
        return NbGraderAPI(config=self.config)

    def released(self, unit: str = "ps1") -> NotebookNode:
        return nbformat.read(self.root / "release" / unit / f"{unit}.ipynb", as_version=4)

    def folder(self, student: str, step: str = "submitted", unit: str = "ps1") -> Path:
        return self.root / step / student / unit

    def submit(self, student: str, node: Any, unit: str = "ps1", name: str = "") -> Path:
        """Lay down a notebook, or any JSON or bytes in the place of one."""
        path = self.folder(student, unit=unit) / (name or f"{unit}.ipynb")
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(node, bytes):
            path.write_bytes(node)
        else:
            path.write_text(json.dumps(node), encoding="utf-8")
        return path

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment in the course folder."""
        name, *rest = arguments
        return subprocess.run(
            [Path(sys.executable).parent / name, *rest],
            cwd=self.root,
            env=os.environ | {"HOME": str(self.root.parent)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def grade(self, *options: str, unit: str = "ps1") -> dict[str, dict[str, Any]]:
        """Run millwright-grade and return its results by student."""
        done = self.command("millwright-grade", unit, "--json", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        return {result["student"]: result for result in json.loads(done.stdout)["results"]}

    def rows(self, unit: str = "ps1") -> dict[str, dict[str, Any]]:
        """The gradebook: by student and graded cell, what the tests gave."""
        with Gradebook(f"sqlite:///{self.root}/gradebook.db", "course") as gradebook:
            return {
                submission.student.id: {
                    grade.name.removeprefix(f"{unit}-"): grade.auto_score
                    for page in submission.notebooks
                    for grade in page.grades
                }
                for submission in gradebook.assignment_submissions(unit)
            }

    def autograded(self, student: str, unit: str = "ps1") -> NotebookNode:
        path = self.folder(student, "autograded", unit) / f"{unit}.ipynb"
        return nbformat.read(path, as_version=4)


def cell(node: NotebookNode, name: str) -> NotebookNode:
    """The cell of a notebook with this grade id."""
    return next(
        one for one in node.cells if one.metadata.get("nbgrader", {}).get("grade_id") == name
    )


def answered(released: NotebookNode, square: str = SQUARE, mean: str = MEAN) -> NotebookNode:
    """A released notebook with answers in it."""
    node = copy.deepcopy(released)
    unit = node.cells[1].metadata.nbgrader["grade_id"].removesuffix("-setup")
    cell(node, f"{unit}-square").source = square
    cell(node, f"{unit}-mean").source = mean
    cell(node, f"{unit}-why").source = "Because I measured it."
    return node
