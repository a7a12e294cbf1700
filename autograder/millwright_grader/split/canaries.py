"""Canaries: checks that are false by construction, for tests in the student's own kernel.

A test that runs where student code has run proves what the kernel says about it. Before and after
such a test the kernel is asked things whose answers are known: assertions that must fail, by each
means that the test may rely on, a value that must come back as it is, words that must arrive as an
error's. If one of them comes out otherwise, the kernel's word about the test is worth nothing.

They find a kernel, a library or a language that was changed to say yes. They do not find code that
reads the test's own text and answers that test alone.
"""

import ast
import random
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

from nbformat import NotebookNode

from .magics import as_python

# The author's tag for a test that runs in the student's kernel.
TAG = "in-kernel"

# A student may use a name for something else; a test that relies on it then fails as well.
_OTHERWISE_USED = frozenset(
    {"NameError", "AttributeError", "TypeError", "ImportError", "ModuleNotFoundError"}
)

# False statements about numbers that differ, by what they rely on.
_PLAIN = "assert {a} == {b}, {words!r}"
_CLAIMS = {
    "builtins.abs": "assert {it}({a} - {b}) < {small}, {words!r}",
    "builtins.len": "assert {it}([{a}, {b}]) == {many}, {words!r}",
    "builtins.isinstance": "assert {it}({a}, str), {words!r}",
    "builtins.type": "assert {it}({a}) is int, {words!r}",
    "builtins.round": "assert {it}({low}, 2) == {it}({high}, 2), {words!r}",
    "builtins.max": "assert {it}({a}, {b}) == {low}, {words!r}",
    "builtins.min": "assert {it}({a}, {b}) == {high}, {words!r}",
    "builtins.sum": "assert {it}([{a}, {b}]) == {a}, {words!r}",
    "builtins.sorted": "assert {it}([{high}, {low}]) == [{high}, {low}], {words!r}",
    "builtins.all": "assert {it}(x == {a} for x in [{a}, {b}]), {words!r}",
    "builtins.any": "assert {it}(x == {many} for x in [{a}, {b}]), {words!r}",
    "math.isclose": "assert {it}({a}, {b}), {words!r}",
    "numpy.allclose": "assert {it}([{a}, {b}], [{b}, {a}]), {words!r}",
    "numpy.isclose": "assert {it}({a}, {b}), {words!r}",
    "numpy.array_equal": "assert {it}([{a}], [{b}]), {words!r}",
    "numpy.testing.assert_allclose": "{it}([{a}], [{b}], err_msg={words!r})",
    "numpy.testing.assert_array_equal": "{it}([{a}], [{b}], err_msg={words!r})",
    "numpy.testing.assert_almost_equal": "{it}({a}, {b}, err_msg={words!r})",
    "numpy.testing.assert_equal": "{it}({a}, {b}, err_msg={words!r})",
    "unittest.TestCase": "{it}().assertEqual({a}, {b}, {words!r})",
    "pytest.approx": "assert {a} == {it}({b}), {words!r}",
}
RESULT = "the value of the last line"
_STDERR = "what is written to the error stream"

# A test that runs code by IPython may have more than one value shown.
_WITHIN = re.compile(r"run_cell|displayhook|run_code|ast_node_interactivity")


@dataclass(frozen=True)
class Canary:
    """Code to run in the student's kernel, and what an honest kernel makes of it.

    Attributes
    ----------
    what : str
        What it asks about, in a few words for people.
    source : str
    is_sound : callable
        Tells from the outputs whether the kernel has answered as it must.
    """

    what: str
    source: str
    is_sound: Callable[[list[NotebookNode]], bool]


def canaries(
    source: str,
    helpers: str,
    modules: Mapping[str, str],
    students: Container[str],
    after: bool,
) -> list[Canary]:
    """Return the canaries for a test, in any order, with numbers of their own.

    Parameters
    ----------
    source
        The test.
    helpers
        The author's other cells, on which it may rely: what they name is asked about too.
    modules
        What all of these import: dotted names by the name given.
    students
        Names that the author's solution binds: not what they are in Python.
    after
        Whether the test has run. A value is asked for only then, and only if the test can give
        partial credit: it becomes `_`, which a test in the kernel may look at.
    """
    # The system's randomness: the kernel's own would tell what comes.
    chance = random.SystemRandom()
    used = _names(source) | _names(helpers)
    known = {module.partition(".")[0] for module in modules.values()} | {"builtins"}
    made = [_false(chance, "assert", _PLAIN), _stderr(chance)]
    for dotted, text in _CLAIMS.items():
        module, _, name = dotted.rpartition(".")
        if name in used and module.partition(".")[0] in known:
            it = _spelled(dotted, modules, used, students)
            made.append(_false(chance, dotted.removeprefix("builtins."), text, it))
    chance.shuffle(made)
    if after and gives_credit(source):
        made.append(_result(chance))
    return made


def _spelled(
    dotted: str, modules: Mapping[str, str], used: Container[str], students: Container[str]
) -> str:
    """Return how to get at a function: as the test does, where it does."""
    module, _, name = dotted.rpartition(".")
    if module == "builtins" and name in used and name not in students:
        return name
    for alias, meant in modules.items():
        if alias in used and (dotted == meant or dotted.startswith(f"{meant}.")):
            return alias + dotted[len(meant) :]
    return f"__import__({module!r}, fromlist=[{name!r}]).{name}"


def _names(source: str) -> set[str]:
    """Return the names and attributes in a test."""
    return set(re.findall(r"[^\W\d]\w*", source))


def gives_credit(source: str) -> bool:
    """Tell whether a test may end in a value, which nbgrader takes for partial credit."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a magic decides what comes of it
        return True
    return bool(body) and isinstance(body[-1], ast.Expr) and not source.rstrip().endswith(";")


def forged_result(cell: NotebookNode) -> str:
    """Say what a test's outputs hold that the test itself cannot have given; empty if nothing."""
    if _WITHIN.search(cell.source) or as_python(cell.source) != cell.source:
        return ""
    kinds = [output.output_type for output in cell.outputs]
    results = kinds.count("execute_result")
    if results > int(gives_credit(cell.source)) or (results and "error" in kinds):
        return RESULT
    return ""


def _false(chance: random.Random, what: str, text: str, it: str = "") -> Canary:
    low, high = _number(chance), 100 + _number(chance)
    a, b = chance.sample((low, high), 2)
    words = f"{_number(chance)} was expected"
    source = text.format(
        a=a,
        b=b,
        low=low,
        high=high,
        small=round(chance.uniform(0.001, 1), 3),
        many=chance.randint(3, 50),
        words=words,
        it=it,
    )

    def is_sound(outputs: list[NotebookNode]) -> bool:
        found = _first(outputs)
        if found is None or found.output_type != "error":
            return False
        if it and found.ename in _OTHERWISE_USED:
            return True
        return found.ename == "AssertionError" and words in found.evalue

    return Canary(what, source, is_sound)


def _result(chance: random.Random) -> Canary:
    number = _number(chance)

    def is_sound(outputs: list[NotebookNode]) -> bool:
        found = _first(outputs)
        decisive = [output for output in outputs if _decides(output)]
        return (
            found is not None
            and len(decisive) == 1
            and found.output_type == "execute_result"
            and found.data.get("text/plain") == repr(number)
        )

    return Canary(RESULT, repr(number), is_sound)


def _stderr(chance: random.Random) -> Canary:
    words = f"{_number(chance)} was expected"

    def is_sound(outputs: list[NotebookNode]) -> bool:
        found = _first(outputs)
        return found is not None and found.output_type == "stream" and words in found.text

    return Canary(_STDERR, f"print({words!r}, file=__import__('sys').stderr)", is_sound)


def _number(chance: random.Random) -> float:
    return round(chance.uniform(1, 99), chance.randint(2, 6))


def _decides(output: NotebookNode) -> bool:
    """Tell whether an output has a part in nbgrader's verdict."""
    return output.output_type in ("error", "execute_result") or (
        output.output_type == "stream" and output.name == "stderr"
    )


def _first(outputs: list[NotebookNode]) -> NotebookNode | None:
    """Return the output that nbgrader's verdict would rest on."""
    return next(filter(_decides, outputs), None)
