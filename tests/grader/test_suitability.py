"""Tests that cannot run apart from the student's code are named; what is named really cannot."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from coursework import Course, managed, solution
from millwright_grader.sandbox import missing
from millwright_grader.split.execution import SplitExecute
from millwright_grader.split.suitability import Page, collisions, reasons
from millwright_grader.warm.owner import close_shared_parents
from nbformat.v4 import new_notebook
from nbgrader.converters import GenerateAssignment
from traitlets.utils.importstring import import_item

LOCKED = """
%matplotlib inline
import numpy as np
import matplotlib.pyplot as plt
class Shape:
    sides = 0
limit = 3
"""
ANSWERS = """
import warnings, dataclasses, enum, sys
import numpy as np
import matplotlib.pyplot as plt

class PID:
    def __init__(self, K=1): self.K = K
    def step(self, e): return self.K * e
class Square(Shape):
    sides = 4
class OwnError(ValueError): pass
@dataclasses.dataclass
class Fit:
    gain: float = 1.0
class Colour(enum.Enum):
    RED = 1
def squares(n): return [i ** 2 for i in range(1, n + 1)]
def typed(x: int, y: float = 2.0) -> float: return x * y
def fail(): raise OwnError("mine")
def warn(): warnings.warn("careful"); return 1
def complain(): print("oops", file=sys.stderr)
def draw(): plt.plot([1, 2], [3, 4]); return plt.gca()
def ask(): return input("n? ")
def chance(): return np.random.rand()
def greet(): print("hi")
async def later(x): return x + 1
def numbers():
    yield 1
    yield 2
def favourite(): return Colour.RED
pid = PID(2)
text = "1 + 1"
"""

# Each fails in the checker, for a student whose answer is right.
UNSUITABLE = {
    "IPython": "get_ipython().run_cell('1')",
    "magic called": "get_ipython().run_line_magic('timeit', '-n1 squares(2)')",
    "line magic": "r = %timeit -o -n1 squares(2)\nassert r",
    "cell magic": "%%timeit -n1\nassert squares(1) == [1]",
    "shell": "files = !ls\nassert files",
    "history": "assert len(In) > 0",
    "last value": "assert _ == 5",
    "a value by number": "assert _1",
    "display": "display(squares(2))",
    "awaited": "assert await later(1) == 2",
    "coroutine": "import asyncio\nassert asyncio.run(later(1)) == 2",
    "namespaces given": "names = {}\nexec('r = squares(2)', globals(), names)\nassert names['r']",
    "in globals": "assert 'squares' in globals()",
    "got from globals": "assert globals().get('squares')",
    "in dir": "assert 'squares' in dir()",
    "in vars": "assert 'squares' in vars()",
    "main": "from __main__ import squares\nassert squares(1) == [1]",
    "main, whole": "import __main__\nassert __main__.squares(1) == [1]",
    "main, among the modules": "import sys\nassert sys.modules['__main__'].squares",
    "source": "import inspect\nassert 'range' in inspect.getsource(squares)",
    "kind by inspect": "from inspect import isfunction\nassert isfunction(squares)",
    "hints": "import typing\nassert typing.get_type_hints(typed)",
    "fields": "import dataclasses\nassert dataclasses.asdict(Fit()) == {'gain': 1.0}",
    "code": "assert squares.__code__",
    "annotations": "assert typed.__annotations__",
    "dict of an object": "made = PID(2)\nassert made.__dict__ == {'K': 2}",
    "vars of an object": "assert vars(pid) == {'K': 2}",
    "dir of an object": "assert 'step' in dir(pid)",
    "class of an object": "assert pid.__class__.__name__ == 'PID'",
    "type is": "assert type(PID(1)) is PID",
    "type by name": "assert type(pid).__name__ == 'PID'",
    "a class": "assert isinstance(PID, type)",
    "a function": "import types\nassert isinstance(squares, types.FunctionType)",
    "the author's class": "assert isinstance(Square(), Shape)",
    "below the author's class": "assert issubclass(Square, Shape)",
    "below a built-in class": "assert issubclass(OwnError, ValueError)",
    "own error caught": "try:\n    fail()\nexcept OwnError:\n    pass",
    "own error expected": "import unittest\nwith unittest.TestCase().assertRaises(OwnError):\n"
    "    fail()",
    "own error raised": "try:\n    raise OwnError('x')\nexcept ValueError:\n    pass",
    "derived": "class More(PID):\n    pass\nassert More(2).step(1) == 2",
    "matched": "match pid:\n    case PID():\n        pass\n    case _:\n        assert False",
    "identity": "assert favourite() is Colour.RED",
    "members": "assert [one.name for one in Colour] == ['RED']",
    "body of a class": "class T:\n    r = squares(2)\nassert T.r == [1, 4]",
    "default in a class": "class T:\n    def f(self, g=squares):\n        return g(2)\n"
    "assert T().f() == [1, 4]",
    "copy": "import copy\nassert copy.deepcopy(pid).K == 2",
    "pickle": "import pickle\nassert pickle.dumps(pid)",
    "threads": "from concurrent.futures import ThreadPoolExecutor\n"
    "with ThreadPoolExecutor(2) as pool:\n    r = list(pool.map(squares, range(300)))\n"
    "assert [len(one) for one in r] == list(range(300))",
    "a process": "import subprocess\nassert subprocess.run(['true']).returncode == 0",
    "warnings": "import warnings\nwith warnings.catch_warnings(record=True) as w:\n"
    "    warnings.simplefilter('always')\n    warn()\nassert len(w) == 1",
    "warnings, unittest": "import unittest\nwith unittest.TestCase().assertWarns(UserWarning):\n"
    "    warn()",
    "error stream": "import contextlib, io\nout = io.StringIO()\n"
    "with contextlib.redirect_stderr(out):\n    complain()\nassert out.getvalue() == 'oops\\n'",
    "current axes": "draw()\nassert len(plt.gca().lines) == 1",
    "patched": "from unittest.mock import patch\nwith patch('__main__.print') as shown:\n"
    "    greet()\nshown.assert_called_once_with('hi')",
    "patched module": "from unittest import mock\n"
    "with mock.patch.object(np.random, 'rand', return_value=5):\n    assert chance() == 5",
    "seed": "np.random.seed(1)\na = chance()\nnp.random.seed(1)\nassert a == chance()",
    "name replaced": "input = lambda words: '3'\nassert ask() == '3'",
    "function replaced": "def min(*values):\n    raise RuntimeError\n"
    "try:\n    squares(1)\nexcept RuntimeError:\n    pass\nelse:\n    raise AssertionError",
    "module changed": "import builtins\nbuiltins.input = lambda words: '3'\nassert ask() == '3'",
    "input given": "import io, sys\nsys.stdin = io.StringIO('3')\nassert ask() == '3'",
}

# Each passes in the checker, for the same student.
SUITABLE = {
    "values": "assert squares(3) == [1, 4, 9]\nassert np.allclose(squares(2), [1, 4])",
    "display only": "%matplotlib inline\nassert squares(1) == [1]",
    "timed": "%%time\nassert squares(1) == [1]",
    "text of the author's": "assert eval('squares(2)') == [1, 4]\nexec('r = 1')\nassert r == 1",
    "reference made of text": "own = {}\nexec('def f(): return 1', own)\nassert own['f']() == 1",
    "a name by text": "for name in ['squares']:\n    assert globals()[name](1) == [1]",
    "timeit": "import timeit\nassert timeit.timeit('squares(2)', globals=globals(), number=1) > 0",
    "own names": "def f():\n    a = 1\n    return locals()\nassert f() == {'a': 1}",
    "script guard": "if __name__ == '__main__':\n    assert squares(1) == [1]",
    "underscore": "for _ in range(2):\n    assert squares(1) == [1]",
    "instance": "assert isinstance(pid, PID) and isinstance(PID(1), PID)",
    "subclass": "assert issubclass(PID, PID)",
    "value's type": "assert type(squares(2)) is list and isinstance(squares(2), list)",
    "callable": "assert callable(squares) and callable(pid.step)",
    "attributes": "assert hasattr(pid, 'K') and not hasattr(pid, 'nope')\nassert pid.K == 2",
    "signature": "import inspect\nassert list(inspect.signature(typed).parameters) == ['x', 'y']",
    "documentation": "assert squares.__doc__ is not None\nassert squares.__name__ == 'squares'",
    "built-in error": "try:\n    fail()\nexcept ValueError as e:\n    assert 'mine' in str(e)",
    "nothing": "assert squares(1) is not None",
    "enumeration": "assert favourite() == Colour.RED and Colour.RED.name == 'RED'",
    "method of a class": "class T:\n    def f(self):\n        return squares(2)\n"
    "assert T().f() == [1, 4]",
    "own class": "class Rig:\n    limit = limit\n    def f(self):\n        return self.__class__\n"
    "assert Rig().f() is Rig\nassert isinstance(Rig(), Rig)",
    "own data copied": "import copy\nx = [1]\nassert copy.deepcopy(x) is not x",
    "own object's dict": "class Rig:\n    pass\nassert Rig().__dict__ == {}",
    "own numbers": "np.random.seed(1)\nx = int(np.random.randint(1, 5))\n"
    "assert len(squares(x)) == x",
    "warnings silenced": "import warnings\nwith warnings.catch_warnings():\n"
    "    warnings.simplefilter('ignore')\n    assert squares(1) == [1]",
    "printed": "import contextlib, io\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n"
    "    greet()\nassert out.getvalue() == 'hi\\n'",
    "printed, by hand": "import io, sys\nbefore = sys.stdout\nsys.stdout = out = io.StringIO()\n"
    "greet()\nsys.stdout = before\nassert out.getvalue() == 'hi\\n'",
    "figure returned": "assert len(draw().lines) == 1",
    "method patched": "from unittest import mock\n"
    "with mock.patch.object(PID, 'step', return_value=5):\n    assert pid.step(1) == 5",
    "a sum called sum": "sum = 0\nfor x in squares(2):\n    sum = sum + x\nassert sum == 5",
    "generator": "assert list(numbers()) == [1, 2]",
    "unittest": "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n"
    "        self.assertEqual(squares(1), [1])\nT('test').debug()",
    "deleted and put back": "before = squares\ndel squares\nsquares = before\n"
    "assert squares(1) == [1]",
}
# Named for the danger in it: it does run.
DANGEROUS = "assert eval(text) == 2"
PAGE = Page.of([ANSWERS], [LOCKED])


def outcomes(folder: Path, tests: dict[str, str]) -> dict[str, str]:
    """What an honest student's tests end in, by name: the error's, or nothing."""
    cells = [
        managed(LOCKED, "setup", locked=True),
        managed(ANSWERS, "answers", solution=True),
        *(
            managed(text, f"test-{at}", grade=True, locked=True, points=1)
            for at, text in enumerate(tests.values())
        ),
    ]
    execute = SplitExecute(timeout=3, imports=["numpy", "matplotlib.pyplot"])
    book, _ = execute.preprocess(new_notebook(cells=cells), {"metadata": {"path": str(folder)}})
    return {
        name: next(
            (f"{out.ename}: {out.evalue}" for out in one.outputs if out.output_type == "error"), ""
        )
        for name, one in zip(tests, book.cells[2:], strict=True)
    }


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    yield outcomes(tmp_path_factory.mktemp("checked"), SUITABLE | UNSUITABLE)
    close_shared_parents()


@pytest.mark.parametrize("name", UNSUITABLE)
def test_what_cannot_run_apart_is_named(name: str) -> None:
    found = reasons(UNSUITABLE[name], PAGE)
    assert found
    assert all(": " in clause for clause in found), "each says what to do instead"


@pytest.mark.parametrize("name", SUITABLE)
def test_what_runs_apart_is_not_named(name: str) -> None:
    assert reasons(SUITABLE[name], PAGE) == []


def test_a_text_of_the_students_is_not_evaluated_beside_the_tests() -> None:
    assert len(reasons(DANGEROUS, PAGE)) == 1


@pytest.mark.slow
@pytest.mark.skipif(missing() is not None, reason=str(missing()))
@pytest.mark.parametrize("name", UNSUITABLE)
def test_what_is_named_really_fails(checked: dict[str, str], name: str) -> None:
    assert checked[name] != ""
    assert not checked[name].startswith("NotRun")


@pytest.mark.slow
@pytest.mark.skipif(missing() is not None, reason=str(missing()))
@pytest.mark.parametrize("name", SUITABLE)
def test_what_is_not_named_really_passes(checked: dict[str, str], name: str) -> None:
    assert checked[name] == ""


def test_a_name_of_two_owners_is_found_where_a_test_uses_it() -> None:
    page = Page.of(["def helper(x): return x\nk = 1\nt = 2"], ["helper = abs\nk = 2\nu = 3"])
    assert collisions("assert helper(3) == 3 and u == 3 and t == 2", page) == ["helper"]
    assert collisions("for k in range(3):\n    assert k < 3", page) == []


def test_text_that_is_no_python_is_left_to_whoever_runs_it() -> None:
    assert reasons("assert squares(") == []


def test_generating_an_assignment_names_them_and_goes_on(
    fresh_course: Course, tmp_path: Path
) -> None:
    course = fresh_course.copy(tmp_path / "course")
    path = course.root / "source" / "ps1" / "ps1.ipynb"
    before = course.released()
    written = nbformat.read(path, as_version=4)
    hidden = "### BEGIN HIDDEN TESTS\n%%time\nget_ipython().magic('who')\n### END HIDDEN TESTS"
    role = {"grade": True, "locked": True, "points": 1}
    written.cells += [
        managed(hidden.replace("%%time\n", ""), "ps1-odd-test", **role),
        managed("assert LIMIT == 3", "ps1-limit-test", **role),
        solution("LIMIT = 4\n", "ps1-limit"),
    ]
    nbformat.write(written, path)
    made = course.api().generate_assignment("ps1", force=True)
    assert made["success"]
    warned = [line for line in made["log"].splitlines() if "WARNING" in line and "ps1-" in line]
    odd, limit = warned
    assert "ps1: cell ps1-odd-test cannot be checked apart from the student's code: " in odd
    assert odd.endswith("Rewrite it, or give it the tag `in-kernel` (lower trust).")
    assert "ps1: cell ps1-limit-test uses what both" in limit
    assert "LIMIT" in limit
    after = course.released()
    assert [one.source for one in after.cells[: len(before.cells)]] == [
        one.source for one in before.cells
    ]


def test_nothing_else_of_nbgraders_generating_is_changed(fresh_course: Course) -> None:
    steps = [import_item(name) for name in fresh_course.config.GenerateAssignment.preprocessors]
    ours = [step for step in steps if step.__module__.startswith("millwright")]
    assert len(ours) == 1
    theirs = [step for step in steps if step not in ours]
    assert theirs == GenerateAssignment.class_traits()["preprocessors"].default()
