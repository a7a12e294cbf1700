"""Tests that need the student's own process: run there between canaries, at lower trust."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from coursework import Course, answered, cell, managed, notebook
from millwright_grader.sandbox import missing
from millwright_grader.split.canaries import canaries
from millwright_grader.split.execution import SplitExecute
from millwright_grader.warm.owner import close_shared_parents
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from nbgrader.utils import determine_grade

pytestmark = [pytest.mark.slow, pytest.mark.skipif(missing() is not None, reason=str(missing()))]

SETUP = "%matplotlib inline\nimport math\nimport numpy as np\nlimit = 3\n\n\n" + (
    "def close(a, b):\n    return abs(a - b) < 1"
)
HONEST = "def square(x):\n    return x * x"
WRONG = "def square(x):\n    return 0"
PLAIN = "assert square(-7) == 49, 'square: look at negative numbers'"


@pytest.fixture(scope="module", autouse=True)
def parents() -> Any:
    yield
    close_shared_parents()


def in_kernel(source: str, name: str = "test") -> NotebookNode:
    made = managed(source, name, grade=True, locked=True, points=4)
    made.metadata.tags = ["in-kernel"]
    return made


def page(student: str, *tests: str) -> NotebookNode:
    return notebook(
        managed(SETUP, "setup", locked=True),
        managed(student, "answer", solution=True),
        *(in_kernel(source, f"test-{at}") for at, source in enumerate(tests)),
    )


def run(folder: Path, student: str, *tests: str, **options: Any) -> NotebookNode:
    execute = SplitExecute(timeout=10, imports=["numpy", "matplotlib.pyplot"], **options)
    where = {"metadata": {"path": str(folder)}}
    book, _ = execute.preprocess(page(student, *tests), where)
    return book


def points(book: NotebookNode) -> list[float]:
    graded = [one for one in book.cells if one.metadata.nbgrader.grade]
    return [float(determine_grade(one)[0]) for one in graded]


def kinds(book: NotebookNode) -> list[str]:
    return [found["kind"] for found in book.metadata.millwright.flags]


# What cannot run apart, in the ways of nbgrader's and IPython's own documentation.
NEED_THE_KERNEL = {
    "last value": "assert _ == 9",
    "magic called": "r = get_ipython().run_line_magic('timeit', '-o -q -n1 -r1 square(3)')\n"
    "assert r.best < 1",
    "cell magic called": "get_ipython().run_cell_magic('capture', 'out', 'print(square(3))')\n"
    "assert out.stdout == '9\\n', 'print nine'",
    "cell magic": "%%timeit -n1 -r1\nassert square(3) == 9",
    "line magic": "%matplotlib inline\nassert square(3) == 9",
    "cell run": "r = get_ipython().run_cell('x = square(3)')\nassert r.success and x == 9",
    "patched name": "from unittest.mock import patch\n"
    "with patch('__main__.print') as shown:\n    say()\nshown.assert_called_once_with('hi')",
    "source": "import inspect\nassert 'x * x' in inspect.getsource(square)",
    "history": "assert any('def square' in text for text in In)",
    "names listed": "assert {'square', 'limit'} <= set(globals())",
    "text executed": "names = {}\nexec('r = square(3)', globals(), names)\nassert names['r'] == 9",
    "own class": "assert type(Pet()) is Pet and Pet().__dict__ == {}",
    "partial credit": "sum(square(k) == k ** 2 for k in range(3))",
}
FULL_ANSWER = f"{HONEST}\ndef say(): print('hi')\nclass Pet: pass\nsquare(3)"


def test_an_honest_student_gets_what_nbgrader_gives(tmp_path: Path) -> None:
    book = run(tmp_path, FULL_ANSWER, *NEED_THE_KERNEL.values())
    stock = page(FULL_ANSWER, *NEED_THE_KERNEL.values())
    stock, _ = Execute(timeout=60).preprocess(stock, {"metadata": {"path": str(tmp_path)}})
    assert points(book) == points(stock)
    expected = [3.0 if name == "partial credit" else 4.0 for name in NEED_THE_KERNEL]
    assert dict(zip(NEED_THE_KERNEL, points(book), strict=True)) == dict(
        zip(NEED_THE_KERNEL, expected, strict=True)
    )
    assert kinds(book) == ["in-kernel"]


HONEST_BUT_ODD = {
    "wrong": (WRONG, 0),
    "not answered": ("raise NotImplementedError()", 0),
    "names of its own": (f"{HONEST}\nsum = max = len = abs = np = 5", 4),
    "its own functions": (f"{HONEST}\ndef max(a, b): return a\ndef sorted(x): return x", 4),
    "output": ("def square(x):\n    print('so', x)\n    return x * x", 4),
    "an error": ("def square(x): raise ValueError('mine')", 0),
    "a thread": (
        f"import threading, time\n{HONEST}\ndef say():\n    for k in range(80):\n"
        "        print(k)\n        time.sleep(0.01)\nthreading.Thread(target=say).start()",
        4,
    ),
}


@pytest.mark.parametrize("name", HONEST_BUT_ODD)
def test_nobody_is_accused_of_what_is_merely_odd(tmp_path: Path, name: str) -> None:
    student, expected = HONEST_BUT_ODD[name]
    book = run(tmp_path, student, PLAIN)
    assert points(book) == [expected]
    assert kinds(book) == ["in-kernel"]


ATTACKS = {
    # the verdict, by the kernel
    "do_execute": """
kernel = get_ipython().kernel
async def fine(*args, **kwargs):
    return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
kernel.do_execute = fine""",
    "tracebacks and replies": """
shell = get_ipython()
shell.showtraceback = shell._showtraceback = lambda *args, **kwargs: None
before = shell.kernel.do_execute
async def fine(*args, **kwargs):
    return {**await before(*args, **kwargs), "status": "ok"}
shell.kernel.do_execute = fine""",
    "run_cell": """
from IPython.core.interactiveshell import ExecutionResult
shell = get_ipython()
shell.should_run_async = lambda *args, **kwargs: False
shell.run_cell = lambda *args, **kwargs: ExecutionResult(None)""",
    "no asserts": """
import ast
class Gone(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Gone())""",
    "other lines": """
get_ipython().input_transformers_post.append(
    lambda lines: [x for x in lines if not x.startswith("assert")])""",
    # the verdict, by a value
    "displayhook": "import sys\ndef square(x):\n    sys.displayhook(4.0)\n    return 0",
    "displayhook, odd": "import sys\ndef square(x):\n    sys.displayhook('x')\n    return 0",
    # what a test relies on
    "allclose": "np.allclose = lambda *args, **kwargs: True",
    "allclose, later": "def square(x):\n"
    "    np.allclose = lambda *args, **kwargs: True\n    return 0",
    "assert_allclose": "np.testing.assert_allclose = lambda *args, **kwargs: None",
    "isclose": "math.isclose = lambda *args, **kwargs: True",
    "another module": "class np:\n    allclose = lambda *args, **kwargs: True",
    "assertEqual": "import unittest\nunittest.TestCase.assertEqual = lambda *args: None",
    "abs": "import builtins\nbuiltins.abs = lambda x: 0",
    "abs, its own": "abs = lambda x: 0",
    "isinstance": "import builtins\nbefore = isinstance\nnumbers = (int, float)\n"
    "builtins.isinstance = lambda x, k: before(x, k) or k is str and type(x) in numbers",
    "len": "import builtins\nbefore = len\n"
    "class Any(int):\n    def __eq__(self, other): return True\n"
    "builtins.len = lambda x: Any(before(x))",
    "a helper's abs": "import builtins\nbuiltins.abs = lambda x: 0",
    "error stream": "import sys\nsys.stderr = sys.stdout",
}
TESTS = {
    "allclose": "assert np.allclose(square(3), 9)",
    "allclose, later": "assert np.allclose(square(3), 9)",
    "another module": "assert np.allclose(square(3), 9)",
    "assert_allclose": "np.testing.assert_allclose(square(3), 9)",
    "isclose": "assert math.isclose(square(3), 9)",
    "assertEqual": "import unittest\nunittest.TestCase().assertEqual(square(3), 9)",
    "abs": "assert abs(square(3) - 9) < 1",
    "abs, its own": "assert abs(square(3) - 9) < 1",
    "isinstance": "assert isinstance(square(3), str)",
    "len": "assert len([square(3)]) == 9",
    "a helper's abs": "assert close(square(3), 9)",
    "error stream": "import warnings\nif square(3) != 9:\n    warnings.warn('not a square')",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_process_that_says_yes_to_everything_is_found_out(tmp_path: Path, name: str) -> None:
    book = run(tmp_path, f"{WRONG}\n{ATTACKS[name]}", TESTS.get(name, PLAIN))
    assert points(book) == [0]
    assert "tampered" in kinds(book)
    (found,) = [one for one in book.metadata.millwright.flags if one["kind"] == "tampered"]
    assert found["attention"]
    assert "test-0" in found["what"]


# What lower trust means: these get their points, under the flag that says so.
BEYOND = {
    "equal to all": "class Yes:\n    def __eq__(self, other): return True\n"
    "def square(x): return Yes()",
    "reads the test": "import re\n"
    "def square(x):\n    return int(re.findall(r'== (\\d+)', In[-1])[0])",
    "answers one test alone": "import sys\ndef square(x):\n"
    "    sys._getframe(1).f_globals['limit'] = 0\n    return 49",
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_canaries_cannot_find_is_told_as_lower_trust(tmp_path: Path, name: str) -> None:
    book = run(tmp_path, BEYOND[name], PLAIN)
    assert points(book) == [4]
    assert kinds(book) == ["in-kernel"]


def test_only_the_author_says_where_a_test_runs(fresh_course: Course, tmp_path: Path) -> None:
    course = fresh_course.copy(tmp_path / "course")
    path = course.root / "source" / "ps1" / "ps1.ipynb"
    written = nbformat.read(path, as_version=4)
    cell(written, "ps1-square-test").source = "assert 'x * x' in In[-2] and square(-7) == 49"
    cell(written, "ps1-square-test").metadata.tags = ["in-kernel"]
    nbformat.write(written, path)
    made = course.api().generate_assignment("ps1", force=True)
    assert made["success"]
    assert "cannot be checked" not in made["log"]

    released = course.released()
    course.submit("anna", answered(released))
    removes = answered(released)
    cell(removes, "ps1-square-test").metadata.tags = []
    course.submit("ben", removes)
    adds = answered(released, mean="math.isclose = abs = lambda *a: 0\ndef mean(x): return 1.5")
    cell(adds, "ps1-mean-test").metadata.tags = ["in-kernel"]
    course.submit("carla", adds)

    results = course.grade()
    rows = course.rows()
    assert [rows[name]["square-test"] for name in ("anna", "ben", "carla")] == [2, 2, 2]
    assert [rows[name]["mean-test"] for name in ("anna", "ben", "carla")] == [3, 3, 0]
    found = {name: {one["kind"] for one in results[name]["flags"]} for name in results}
    assert {name: kinds - {"no-receipt"} for name, kinds in found.items()} == {
        "anna": {"in-kernel"},
        "ben": {"in-kernel"},
        "carla": {"in-kernel", "tags"},
    }


def test_a_setup_cell_with_magics_serves_the_tests_too(tmp_path: Path) -> None:
    plain = managed("assert np.allclose(square(3), 3 * limit)", "plain", grade=True, locked=True)
    plain.metadata.nbgrader.points = 4
    both = page(HONEST)
    both.cells.append(plain)
    execute = SplitExecute(timeout=10, imports=["numpy", "matplotlib.pyplot"])
    book, _ = execute.preprocess(both, {"metadata": {"path": str(tmp_path)}})
    assert points(book) == [4]
    assert kinds(book) == []


def test_canaries_are_never_the_same() -> None:
    made = [
        [one.source for one in canaries(PLAIN, "abs", {"np": "numpy"}, set(), True)] for _ in "ab"
    ]
    assert not set(made[0]) & set(made[1])
