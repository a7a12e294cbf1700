"""A whole submission in two processes: what its code can see, and what it cannot do."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from millwright_grader.sandbox import missing
from millwright_grader.split.execution import LANGUAGE, SplitExecute
from millwright_grader.warm.owner import close_shared_parents
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = [pytest.mark.slow, pytest.mark.skipif(missing() is not None, reason=str(missing()))]


def cell(source: str, name: str, **role: Any) -> Any:
    made = new_code_cell(source)
    made.metadata.nbgrader = {
        "grade_id": name,
        "schema_version": 3,
        "task": False,
        "grade": False,
        "solution": False,
        "locked": False,
    } | role
    return made


def setup(source: str) -> Any:
    return cell(source, "setup", locked=True)


def answer(source: str, name: str = "answer") -> Any:
    return cell(source, name, solution=True)


def check(source: str, name: str = "test") -> Any:
    return cell(source, name, grade=True, locked=True, points=1)


def run(folder: Path, *cells: Any, **options: Any) -> Any:
    (folder / "ps1.ipynb").write_text("the hidden test")
    (folder / "data.csv").write_text("1,2,3")
    execute = SplitExecute(timeout=10, imports=["numpy", "matplotlib.pyplot"], **options)
    book, _ = execute.preprocess(
        new_notebook(cells=list(cells)), {"metadata": {"path": str(folder)}}
    )
    return book


def outcome(made: Any) -> str:
    """Say what a cell ended in: nothing, the name of an error, or its text."""
    for output in made.outputs:
        if output.output_type == "error":
            return str(output.ename)
    return "".join(output.get("text", "") for output in made.outputs).strip()


@pytest.fixture(scope="module", autouse=True)
def parents() -> Any:
    yield
    close_shared_parents()


def test_a_submission_is_graded_and_its_figures_are_kept(tmp_path: Path) -> None:
    book = run(
        tmp_path,
        setup("import numpy as np\nimport matplotlib.pyplot as plt"),
        answer("def double(x):\n    return 2 * np.asarray(x)"),
        check("assert np.allclose(double([1, 2]), [2, 4])", "right"),
        check("assert np.allclose(double([1, 2]), [2, 5]), 'look again'", "wrong"),
        answer("plt.plot([1, 2]);", "plot"),
        check("assert double(1) == 2\n0.5", "partial"),
    )
    right, wrong, plot, partial = book.cells[2:]
    assert right.outputs == []
    assert wrong.outputs[0].evalue.startswith("look again\nYour double returned an array")
    assert "image/png" in plot.outputs[0].data
    assert partial.outputs[0].data["text/plain"] == "0.5"
    nbformat.validate(book)


def test_the_notebook_says_what_an_ipython_kernel_says_of_itself() -> None:
    from ipykernel.ipkernel import IPythonKernel

    assert IPythonKernel.language_info == LANGUAGE


def test_student_code_sees_the_data_and_no_notebook(tmp_path: Path) -> None:
    book = run(
        tmp_path,
        answer("import os\nprint(sorted(os.listdir('.')), open('data.csv').read())", "look"),
        answer(f"open({str(tmp_path / 'ps1.ipynb')!r}).read()", "peep"),
        answer("open('data.csv', 'w').write('9,9,9')", "change"),
        answer("def total(): return 6"),
        check("assert sum(map(int, open('data.csv').read().split(','))) == total()"),
        check("print('no', 'change')\nassert open('data.csv').read() == '1,2,3'", "own"),
    )
    look, peep, change, _, test, own = book.cells
    assert outcome(look) == "['data.csv'] 1,2,3"
    assert outcome(peep) == "PermissionError"
    assert outcome(change) == ""
    assert outcome(test) == ""
    assert outcome(own) == "no change"
    assert (tmp_path / "data.csv").read_text() == "1,2,3"


ENDINGS = {
    "killed": ("import os\nos.kill(os.getpid(), 9)", "kernel-died"),
    "left": ("import os\nos._exit(0)", "kernel-died"),
    "crashed": ("import ctypes\nctypes.string_at(0)", "kernel-died"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_what_was_earned_before_the_end_is_kept(tmp_path: Path, name: str) -> None:
    source, flag = ENDINGS[name]
    book = run(
        tmp_path,
        answer("def one(): return 1"),
        check("assert one() == 1", "before"),
        answer(source, "end"),
        check("assert one() == 1", "after"),
    )
    _, before, _, after = book.cells
    assert outcome(before) == ""
    assert outcome(after) == "NotRun"
    assert [found["kind"] for found in book.metadata.millwright.flags] == [flag]


def test_a_function_that_never_ends_costs_its_own_test_only(tmp_path: Path) -> None:
    book = run(
        tmp_path,
        answer("def endless():\n    while True: pass\ndef one(): return 1"),
        check("endless()", "endless-test"),
        check("assert one() == 1", "one-test"),
    )
    assert outcome(book.cells[1]) == "TimeoutError"
    assert outcome(book.cells[2]) == ""
    assert [found["kind"] for found in book.metadata.millwright.flags] == ["timeout"]


def test_memory_is_limited(tmp_path: Path) -> None:
    book = run(tmp_path, answer("x = bytearray(3 << 30)"), memory=512)
    assert outcome(book.cells[0]) == "MemoryError"


def test_a_changed_kernel_earns_nothing(tmp_path: Path) -> None:
    book = run(
        tmp_path,
        answer(
            "shell = get_ipython()\n"
            "async def fine(*args, **kwargs):\n    return {'status': 'ok'}\n"
            "shell.kernel.do_execute = fine\n"
            "def one(): return 0"
        ),
        check("assert one() == 1"),
    )
    assert outcome(book.cells[1]) != ""
