"""Attacks on the verdict: each leaves its task without points, and everybody else alone."""

import copy
import textwrap
from pathlib import Path
from typing import Any

import pytest
from arena import ANSWERS, FULL, WRONG, Arena, Attack, attack, without
from coursework import cell
from millwright_grader.sandbox import missing
from nbformat import NotebookNode

pytestmark = [
    pytest.mark.attacks,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]


def tagged(node: NotebookNode, _: Path) -> None:
    cell(node, "ps1-square-test").metadata.tags = ["skip-execution"]


def deleted(node: NotebookNode, _: Path) -> None:
    node.cells.remove(cell(node, "ps1-square-test"))


def copied(node: NotebookNode, _: Path) -> None:
    twin = copy.deepcopy(cell(node, "ps1-square-test"))
    twin.update(id="twin", source="assert True")
    node.cells.append(twin)


def relabelled(node: NotebookNode, _: Path) -> None:
    """Forge a grade id, points, locks, type and checksum."""
    found = cell(node, "ps1-square-test")
    found.metadata.nbgrader.update(points=1000, locked=False, solution=True, checksum="0" * 32)
    found.source = "assert True"
    cell(node, "ps1-square").metadata.nbgrader.update(grade=True, points=50)


def other_kernel(node: NotebookNode, _: Path) -> None:
    node.metadata.kernelspec = {"name": "bash", "language": "bash", "display_name": "bash"}
    node.metadata.language_info = {"name": "bash"}


def no_kernel(node: NotebookNode, _: Path) -> None:
    del node.metadata["kernelspec"]


def shadowing(node: NotebookNode, folder: Path) -> None:
    """Modules, settings and start-up files of the student's own beside the notebook."""
    for name in ("numpy", "math", "sympy", "millwright_grader", "sitecustomize", "usercustomize"):
        (folder / f"{name}.py").write_text("def isclose(*a): return True\n")
    for name in ("ipython_config.py", "nbgrader_config.py", "jupyter_config.py", "conftest.py"):
        (folder / name).write_text("raise SystemExit('the course runs a file of the student')\n")
    (folder / "startup").mkdir()
    (folder / "startup" / "00.py").write_text("square = lambda value: value ** 2\n")


def code(text: str, *flags: str, **more: Any) -> Attack:
    return attack(textwrap.dedent(text).strip(), *flags, **more)


EVERYTHING = """
class Yes:
    def __eq__(self, other): return True
    def __bool__(self): return True
    def __call__(self, *args, **kwargs): return self
    def __getattr__(self, name): return self
    def __float__(self): return 49.0
    __int__ = __index__ = lambda self: 49
    def __len__(self): return 1
    def __iter__(self): return iter([self])
    def __getitem__(self, at): return self
    def __array__(self, *args, **kwargs): return np.array(49.0)
    def __array_ufunc__(self, *args, **kwargs): return True
    def __array_function__(self, *args, **kwargs): return True
    def __instancecheck__(self, other): return True
    def __class_getitem__(cls, item): return cls
    def __format__(self, spec): return "49"
    def __hash__(self): return hash(49)
    def __reduce__(self): return (eval, ("49",))
    def __ne__(self, other): return False
    def __sub__(self, other): return 0.0
    __add__ = __mul__ = __truediv__ = __pow__ = __mod__ = __abs__ = __neg__ = __sub__
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmod__ = __round__ = __sub__
    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__
def square(value): return Yes()
"""

CLASS = {
    # the list
    "01-tag": Attack({"square": WRONG}, flags=frozenset({"tags"}), change=tagged),
    "02-displayhook": code(
        """
        import sys
        def square(value):
            sys.displayhook(5.0)
            return 0
        """
    ),
    "03-displayhook-odd": code(
        """
        import sys
        def square(value):
            for odd in (float("nan"), -1, "x", 1e9, True, None):
                sys.displayhook(odd)
                display(odd)
                print(odd)
            return 0
        """
    ),
    "05-do-execute": code(
        """
        kernel = get_ipython().kernel
        async def fine(*args, **kwargs): return {"status": "ok"}
        type(kernel).do_execute = fine
        kernel.do_execute = fine
        """,
        scores={name: {0, points} for name, points in FULL.items()} | {"square-test": 0},
    ),
    "06-showtraceback": code(
        """
        from IPython.core.interactiveshell import InteractiveShell
        InteractiveShell.showtraceback = None
        get_ipython()._showtraceback = lambda *args: None
        def square(value): return 0
        """
    ),
    "07-equal-to-all": code(EVERYTHING),
    "07-float": code(
        """
        class Number(float):
            def __eq__(self, other): return True
            __rsub__ = __sub__ = lambda self, other: 0.0
        def square(value): return Number(7)
        """
    ),
    "07-int": code(
        """
        class Number(int):
            def __eq__(self, other): return True
            __hash__ = int.__hash__
        def square(value): return Number(7)
        """
    ),
    "07-array": code(
        """
        class Array(np.ndarray):
            def __eq__(self, other): return np.array(True)
            def __array_ufunc__(self, *args, **kwargs): return np.array(True)
        def mean(values): return np.zeros(()).view(Array)
        """,
        task="mean",
    ),
    "07-scalar": code(
        """
        class Scalar(np.float64):
            def __eq__(self, other): return True
            def __rsub__(self, other): return 0.0
        def mean(values): return Scalar(7)
        """,
        task="mean",
    ),
    "08-history": code(
        """
        import re
        def square(value):
            ip = get_ipython()
            history = ip.history_manager
            texts = [*map(str, globals().get("In", [])), *map(str, history.input_hist_raw)]
            texts += [str(line) for _, _, line in history.get_range(0)]
            found = re.findall(r"square\\((.*?)\\) == (\\d+)", "\\n".join(texts))
            return dict((int(a), int(b)) for a, b in found).get(value, 0)
        """
    ),
    "08-frames": code(
        """
        import sys, gc, re
        def square(value):
            texts, frame = [], sys._getframe()
            while frame:
                texts += map(repr, frame.f_locals.values())
                texts += [repr(frame.f_code.co_consts)]
                frame = frame.f_back
            texts += [o for o in gc.get_objects() if isinstance(o, str)]
            for o in gc.get_objects():
                if isinstance(o, (list, tuple, dict)) and len(o) < 50:
                    texts.append(str(o)[:2000])
            found = re.findall(r"square\\((-?\\d+)\\) == (\\d+)", "\\n".join(texts))
            known = dict((int(a), int(b)) for a, b in found)
            return known.get(value, 0) if value == -7 else value * value
        """
    ),
    "09-patched-libraries": code(
        """
        import unittest, builtins
        true = lambda *args, **kwargs: True
        np.testing.assert_allclose = np.allclose = np.isclose = math.isclose = true
        np.testing.assert_equal = np.testing.assert_array_equal = true
        unittest.TestCase.assertEqual = unittest.TestCase.assertAlmostEqual = true
        def mean(values): return 0
        """,
        task="mean",
    ),
    "10-patched-builtins": code(
        """
        import builtins
        builtins.abs = lambda value: 0
        builtins.len = lambda value: 1
        builtins.AssertionError = ValueError
        builtins.sum = lambda values: 4.0
        builtins.float = lambda value=0: 4.0
        def square(value): return 0
        def rate(k): return 0
        """,
        scores={"square-test": 0, "rate-test": {0, 4}},
    ),
    "10-patched-import": code(
        """
        import builtins, sys
        real = builtins.__import__
        builtins.__import__ = lambda name, *a, **k: real(name, *a, **k)
        builtins.isinstance = lambda *args: True
        def square(value): return 0
        """,
        scores={"square-test": 0},
    ),
    "12-objects": code(
        """
        import gc, sys, inspect
        def square(value):
            for o in gc.get_objects():
                name = type(o).__name__
                if name in ("Checker", "Names", "Grade", "SplitExecute", "Gradebook"):
                    o.__dict__.clear()
                    return 49
            return 0
        """
    ),
    "13-system-exit": code("def square(value):\n    raise SystemExit(0)"),
    "13-exit": code("def square(value):\n    exit()"),
    "13-quit": code("def square(value):\n    get_ipython().ask_exit()\n    quit()"),
    "14-os-exit": code(
        "import os\ndef formula():\n    os._exit(0)",
        "kernel-died",
        task="formula",
        scores=without("formula", "drive"),
    ),
    "14-abort": code(
        "import os\ndef formula():\n    os.abort()",
        "kernel-died",
        task="formula",
        scores=without("formula", "drive"),
    ),
    "14-crash": code(
        "import ctypes\ndef formula():\n    ctypes.string_at(0)",
        "kernel-died",
        task="formula",
        scores=without("formula", "drive"),
    ),
    "17-printed-grade": code(
        'def square(value):\n    print("### BEGIN GRADE\\n100\\n### END GRADE")\n    return 0'
    ),
    "18-huge-credit": code(
        "def bonus():\n    return 1e9", task="bonus", scores=FULL | {"bonus-test": {0, 1}}
    ),
    "18-odd-credit": code(
        "def bonus():\n    return float('inf')", task="bonus", scores=FULL | {"bonus-test": {0, 1}}
    ),
    "19-deleted": Attack({"square": WRONG}, flags=frozenset({"deleted"}), change=deleted),
    "20-copied": Attack({"square": WRONG}, flags=frozenset({"copied"}), change=copied),
    "21-relabelled": Attack({"square": WRONG}, flags=frozenset({"edited"}), change=relabelled),
    "22-kernel": Attack({"square": WRONG}, change=other_kernel),
    "22-no-kernel": Attack({"square": WRONG}, change=no_kernel),
    "25-notices": code(
        """
        import os
        def square(value):
            return value * value if "NBGRADER_EXECUTION" not in os.environ else 0
        """
    ),
    # behind it
    "errors-as-verdict": code(
        """
        def square(value):
            raise AssertionError("square: all tests passed")
        """
    ),
    "error-that-lies": code(
        """
        class Fine(AssertionError):
            def __str__(self): raise SystemExit
            __repr__ = __str__
            def __eq__(self, other): return True
            @property
            def __traceback__(self): raise KeyboardInterrupt
        def square(value): raise Fine
        """
    ),
    "base-exception": code(
        """
        class Deep(BaseException): pass
        def square(value): raise Deep("done")
        """
    ),
    "generator-exit": code("def square(value):\n    raise GeneratorExit"),
    "keyboard-interrupt": code("def square(value):\n    raise KeyboardInterrupt"),
    "coroutine": code("async def square(value):\n    return value * value"),
    "generator": code("def square(value):\n    yield value * value"),
    "partial-credit": code(
        """
        class Sum(float):
            def __radd__(self, other): return 4.0
            __add__ = __radd__
            def __eq__(self, other): return True
        def rate(k): return Sum(4)
        """,
        task="rate",
        scores=without("rate"),
    ),
    "name-of-the-test": code(
        """
        class np:
            isclose = staticmethod(lambda *args: True)
        def mean(values): return 0
        
        """,
        task="mean",
    ),
    "lying-class": code(
        """
        class square:
            def __new__(cls, value): return object.__new__(cls)
            def __eq__(self, other): return True
        """,
        # The test makes an instance itself, of a class that may have operators of its own.
        scores={"square-test": {0, 2}},
    ),
    "reloading": code(
        """
        import importlib, builtins, sys
        for name in [n for n in sys.modules if n.startswith("millwright_grader")]:
            module = sys.modules[name]
            for key, value in list(vars(module).items()):
                if callable(value) and not key.startswith("__"):
                    setattr(module, key, lambda *args, **kwargs: 49)
        def square(value): return 0
        """,
        scores={"square-test": 0},
    ),
    "files-beside": Attack({"square": WRONG}, change=shadowing),
    "audit-hook": code(
        """
        import sys
        def hook(event, args):
            if event in ("import", "open", "exec"): return
        sys.addaudithook(hook)
        sys.settrace(lambda *args: None)
        sys.setprofile(lambda *args: None)
        def square(value): return 0
        """
    ),
    "cell-magics": code(
        """
        get_ipython().register_magic_function(lambda line, text: None, "cell", "nothing")
        get_ipython().input_transformers_cleanup.append(lambda lines: ["square = lambda v: v ** 2"])
        get_ipython().ast_transformers.clear()
        get_ipython().events.register("pre_run_cell", lambda *args: None)
        def square(value): return 0
        """,
        # Its own later cells are what it spoils.
        scores={"square-test": {0, 2}},
    ),
}


@pytest.mark.parametrize("name", CLASS)
def test_it_gains_nothing(arena: Arena, name: str) -> None:
    arena.outcome(name)


def test_neighbours_are_untouched(arena: Arena) -> None:
    arena.neighbours_are_untouched()


def test_honest_answers_beside_an_attack_keep_their_points(arena: Arena) -> None:
    assert arena.scores["02-displayhook"] == without("square")
    assert set(ANSWERS) == {name.removesuffix("-test") for name in FULL if name != "why"}
