"""Attacks on the line between a student's process and the checker, spoken by hand where need be.

The checker lives in this process, so that a code of the student's that ran in it would be seen at
once: it would set `MARK` in the environment.
"""

import contextlib
import json
import os
import signal
import textwrap
import time
from collections.abc import Iterator
from typing import Any

import control  # noqa: F401 - before the processes are forked that use it
import matplotlib.figure  # noqa: F401
import numpy as np
import pandas as pd
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_grader.split.peer import LineClosedError
from millwright_grader.split.values import HEADER, WireError, _Decoder, dump, load
from test_split import Student

pytestmark = pytest.mark.attacks

MARK = "MILLWRIGHT_BORDER_WAS_CROSSED"
EVIL = f"__import__('os').environ.__setitem__({MARK!r}, '1')"

SETUP = """
import contextlib, dataclasses, functools, io, logging, pathlib, sys, types
import numpy as np
import pandas as pd
import sympy as sp
SECRET = "author-only-" + "4711"
def secret_reference(x): return SECRET
"""
TEST = "assert square(2) == 4 and square(-7) == 49"

# What student code can use to speak by itself. The line is descriptor-bound, the side is found.
BY_HAND = f"""
import contextlib, json, os, sys, threading, time
import numpy as np, pandas as pd, sympy as sp, control as ct
from millwright_grader.split import student as _student
from millwright_grader.split.values import HEADER, dump
EVIL = {EVIL!r}
def side(): return next(iter(_student._sides.values()))
def epoch(): return side().peer.epoch
def raw(data): side().peer.line.sock.sendall(data)
def packed(body):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    data = HEADER.pack(len(body), 0) + body
    return len(data).to_bytes(8, "big") + data
def say(*message): raw(packed(["list", *message]))
def quietly(work, *args):
    try: return work(*args)
    except Exception as error: return f"{{type(error).__name__}}: {{error}}"
def square(value): return 0
"""


@pytest.fixture
def process() -> Iterator[Any]:
    os.environ.pop(MARK, None)
    made: list[Student] = []

    def make(code: str) -> Student:
        made.append(Student(BY_HAND + textwrap.dedent(code)))
        # Some end their process at once.
        with contextlib.suppress(LineClosedError, BrokenPipeError):
            assert made[0].run(SETUP, graded=False) == []
        return made[0]

    yield make
    crossed = os.environ.pop(MARK, None)
    for one in made:
        os.close(one.orders)
        one.checker.line.sock.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(one.pid, signal.SIGKILL)
        os.waitpid(one.pid, 0)
    assert crossed is None, "code of the student's ran in the checker"


def fails(process: Student, test: str, seconds: float = 5) -> bool:
    """Run a test; tell whether it gave no points, whatever the way."""
    try:
        outputs = process.run(test, seconds=seconds)
    except (LineClosedError, BrokenPipeError):
        return True
    return any(output["output_type"] == "error" for output in outputs)


SPOKEN = {
    "answers before the question": """
        def square(value):
            for _ in range(20): say("value", epoch(), True, "", ["list"])
            return 0
    """,
    "answers from a thread": """
        def talk():
            while True: say("value", epoch(), ["list", 49], "", ["list"])
        def square(value):
            threading.Thread(target=talk, daemon=True).start()
            time.sleep(0.2)
            return 0
    """,
    "noise from a thread": """
        def talk():
            while True: raw(os.urandom(64))
        def square(value):
            threading.Thread(target=talk, daemon=True).start()
            time.sleep(0.2)
            return 0
    """,
    "an old epoch": """
        def square(value):
            for old in range(-1, epoch()): say("value", old, 49, "", ["list"])
            return 0
    """,
    "a coming epoch": """
        def square(value):
            for new in range(epoch() + 1, epoch() + 9): say("value", new, 49, "", ["list"])
            return 0
    """,
    "done": "def square(value):\n    say('done', epoch())\n    return 0",
    "an unknown kind": "def square(value):\n    say('pass', epoch(), 100)\n    return 0",
    "no kind": "def square(value):\n    say()\n    return 0",
    "a kind that is none": "def square(value):\n    say(['list'], ['list'])\n    return 0",
    "an empty message": "def square(value):\n    raw(bytes(8))\n    return 0",
    "a message without end": "def square(value):\n    raw(b'\\xff' * 8)\n    return 0",
    "a message that stops": "def square(value):\n    raw(bytes(7) + b'9xx')\n    os._exit(0)",
    "an error that ends a process": """
        def square(value):
            for name in ("SystemExit", "KeyboardInterrupt", "GeneratorExit", "StopIteration",
                         "BaseException", "__import__", "eval"):
                say("error", epoch(), name, EVIL)
            return 0
    """,
    "an error of no type": "def square(value):\n    say('error', epoch(), 5, [])\n    return 0",
    "an error of nothing": "def square(value):\n    say('error', epoch())\n    return 0",
    "an answer of nothing": "def square(value):\n    say('value', epoch())\n    return 0",
    "changes of no list": "def square(value):\n    say('value', epoch(), 4, '', 5)\n    return 0",
    "changes at odd places": """
        def square(value):
            say('value', epoch(), 4, '', ["list", ["list", 99, 49]])
            return 0
    """,
    "news of no kind": """
        def square(value):
            for news in ([], ["changed"], ["changed", 5], ["changed", ["list", ["list"]]], [5]):
                say("told", epoch(), *news)
            return 0
    """,
    "objects of its own choice": """
        def square(value):
            for kind in ("class", "function", "iterator", "object", "__import__", ""):
                say("value", epoch(), ["MINE", -1, kind, "x" * 10_000], "", ["list"])
            return 0
    """,
    "objects that it was never lent": """
        def square(value):
            for number in (-1, 0, 1, 5, 10**30, True):
                say("value", epoch(), ["YOURS", number], "", ["list"])
            return 0
    """,
    "another value for a name": """
        _student.StudentSide.do_get = lambda self, name: ["found", 49]
        _student.StudentSide.do_call = lambda self, *a: _student.Answer(49, "", [])
    """,
    "a module for a name": """
        _student.StudentSide.do_get = lambda self, name: ["module", "builtins"]
    """,
    "the checker for a name": """
        _student.StudentSide.do_get = lambda s, n: ["module", "millwright_grader.split.checker"]
    """,
    "a memory of nothing": "_student.StudentSide.do_get = lambda self, name: ['remember', 5]",
    "questions without end": """
        def square(value):
            for _ in range(10_000): say("ask", epoch(), "len", ["YOURS", 0])
            return 0
    """,
    "questions within questions": """
        def square(value):
            def again(): return quietly(side().ask, "call", again, [], {})
            return again() and 0
    """,
    "a flood": """
        def square(value):
            blob = packed(["list", "value", -1, "x" * 1_000_000])
            for _ in range(300): raw(blob)
            return 0
    """,
    "too large a message": """
        def square(value):
            blob = b'["list","' + b"x" * (70 << 20) + b'"]'
            raw(packed(blob))
            return 0
    """,
    "parts without end": """
        def square(value):
            raw(packed(b'["list"' + b',["list"]' * 2_000_000 + b']'))
            return 0
    """,
    "closing the line": "def square(value):\n    side().peer.line.sock.close()\n    return 0",
    "half closing the line": """
        def square(value):
            side().peer.line.sock.shutdown(1)
            return 0
    """,
    "not listening": """
        def square(value):
            time.sleep(60)
    """,
    "another descriptor": """
        import socket
        def square(value):
            ours, theirs = socket.socketpair()
            os.dup2(theirs.fileno(), side().peer.line.sock.fileno())
            return 0
    """,
    "its own modules": """
        from millwright_grader.split import peer, values
        for module in (peer, values, _student):
            for key, found in list(vars(module).items()):
                if callable(found) and not key.startswith("_") and key not in ("serve",):
                    setattr(module, key, lambda *args, **kwargs: 49)
    """,
}


@pytest.mark.parametrize("name", SPOKEN)
def test_speaking_by_hand_gains_nothing(process: Any, name: str) -> None:
    made = process(SPOKEN[name])
    if name == "another value for a name":
        # It may answer what it likes; it has to be right.
        assert fails(made, TEST.replace("49", "48"))
    else:
        assert fails(made, TEST, seconds=3)
    # The checker itself is as it was.
    source = "assert SECRET == 'author-only-4711'\nassert sum([1, 2]) == 3"
    with contextlib.suppress(LineClosedError, BrokenPipeError):
        assert made.checker.run(source, "<own>", 5, made.epoch + 1, True) == []
    assert made.checker.names["SECRET"] == "author-only-4711"


TARGETS = {
    "SymPy": ("sp.Symbol('x')", "subs", "['x', EVIL]"),
    "SymPy, another way": ("sp.Symbol('x')", "replace", "[EVIL, EVIL]"),
    "SymPy's matrix": ("sp.Matrix([1])", "subs", "['x', EVIL]"),
    "a table": ("pd.DataFrame({'a': [1]})", "eval", "['@pd.io.common.os.system(\"true\")']"),
    "a table's file": ("pd.DataFrame({'a': [1]})", "to_csv", "['/tmp/crossed']"),
    "a table's pickle": ("pd.DataFrame({'a': [1]})", "to_pickle", "['/tmp/crossed']"),
    "an array's file": ("np.zeros(3)", "tofile", "['/tmp/crossed']"),
    "a figure's file": ("drawn()", "savefig", "['/tmp/crossed']"),
    "a text": ("'{0.__class__}'", "format", "[1]"),
    "a list": ("[1]", "append", "[2]"),
    "a system": ("ct.tf([1], [1, 1])", "feedback", "[1]"),
    "its own function": ("square", "__globals__", "[]"),
    "nothing": ("None", "__class__", "[]"),
}


@pytest.mark.parametrize("name", TARGETS)
def test_requests_on_values_that_were_not_lent_are_refused(process: Any, name: str) -> None:
    target, attribute, arguments = TARGETS[name]
    made = process(
        f"""
        def drawn():
            from matplotlib.figure import Figure
            return Figure()
        def reach():
            found = quietly(side().ask, "getattr", {target}, {attribute!r})
            called = quietly(side().ask, "call", found, {arguments}, {{}})
            return [type(found).__name__, str(found)[:99], str(called)[:99]]
        """
    )
    (output,) = made.run("print(reach())")
    assert output["text"].startswith("['str'"), output["text"]
    assert not os.path.exists("/tmp/crossed")  # noqa: PTH110


# Ordinary lines of a test; `text()` is a student's answer that is code, `named()` an expression
# whose name is code, `called()` one that calls a function of Python's.
EVALUATED = [
    *("sp.simplify(text())", "sp.sympify(text())", "sp.expand(text())", "sp.N(text())"),
    *(
        "sp.diff(text(), x)",
        "sp.integrate(text(), x)",
        "sp.solve(text(), x)",
        "sp.limit(text(), x, 0)",
    ),
    *(
        "sp.Matrix([text()])",
        "sp.Eq(text(), 1)",
        "(x + 1).subs(x, text())",
        "(x + 1).subs(text(), 1)",
    ),
    *("sp.S(text())", "sp.Integer(text())", "sp.Float(text())", "sp.Rational(text())"),
    *("sp.Function('f')(text())", "sp.Poly(text(), x)", "sp.factor(text())", "sp.latex(text())"),
    *("sp.parse_expr(text())", "sp.symbols(text())", "sp.Symbol(text())", "sp.sqrt(text())"),
    *("sp.lambdify(x, text())(1)", "sp.lambdify(x, [text()])(1)", "sp.lambdify(x, {1: text()})(1)"),
    *(
        "sp.lambdify(x, named() + x)(1)",
        "sp.lambdify(x, called())(1)",
        "sp.lambdify(named(), x)(1)",
    ),
    *("sp.lambdify(x, sp.sympify(formula()))(1)", "str(named())", "sp.srepr(named())"),
    *("sp.simplify(objects()[0])", "np.array(objects())", "sp.Matrix(objects())"),
    *("pd.DataFrame({'a': [1]}).eval(text())", "np.dtype(text())", "pd.Timestamp(text())"),
    *("text().format(made())", "f'{made()}'", "'%s' % made()", "made() in {1, 2}"),
]


@pytest.fixture(scope="module")
def eloquent() -> Iterator[Student]:
    """A process whose answers are code."""
    made = Student(
        BY_HAND
        + textwrap.dedent(
            """
            def text(): return EVIL
            def named(): return sp.Symbol(EVIL)
            def called():
                code = sp.Tuple(*EVIL.encode())
                return sp.Function("exec")(sp.Function("bytes")(code)) + sp.Symbol("x")
            def formula(): return "exec(bytes((" + ",".join(map(str, EVIL.encode())) + ")))"
            def made(): return type(EVIL, (), {"__str__": lambda self: EVIL})()
            def objects(): return [made()]
            """
        )
    )
    made.run(SETUP, graded=False)
    yield made
    os.close(made.orders)
    made.checker.line.sock.close()
    os.kill(made.pid, signal.SIGKILL)
    os.waitpid(made.pid, 0)


@pytest.mark.parametrize("line", EVALUATED)
def test_no_answer_is_evaluated_in_the_checker(eloquent: Student, line: str) -> None:
    os.environ.pop(MARK, None)
    fails(eloquent, f"x = sp.Symbol('x')\n{line}")
    assert MARK not in os.environ
    assert eloquent.run("assert type(text()) is str") == [], "the line still stands"


def test_formulas_as_text_stay_possible(process: Any) -> None:
    made = process(
        """
        def text(): return "sin(x)**2 + 2*x/3"
        def unknown(): return sp.Function("f")(sp.Symbol("t")) + sp.Symbol("omega_{n}")
        """
    )
    test = """
        x, t = sp.symbols("x t")
        assert sp.simplify(sp.sympify(text()) - sp.sin(x) ** 2 - 2 * x / 3) == 0
        assert sp.lambdify(x, sp.sympify("x**2"))(3) == 9
        assert unknown() == sp.Function("f")(t) + sp.Symbol("omega_{n}")
    """
    assert made.run(test) == []


# What a test may lend, and what is on the other side of it.
LENT = {
    "function": "secret_reference",
    "closure": "(lambda kept: lambda: kept)(SECRET)",
    "method": "Rig().step",
    "object": "Rig()",
    "generator": "(SECRET for _ in range(3))",
    "coroutine": "waiting()",
    "path": "pathlib.Path('.').resolve()",
    "file": "open('/proc/version')",
    "text file": "io.StringIO(SECRET)",
    "random numbers": "np.random.default_rng(1)",
    "old random numbers": "np.random.RandomState(1)",
    "logger": "logging.getLogger('x')",
    "exception": "error()",
    "data class": "Kept(1)",
    "property": "vars(Rig)['level']",
    "namespace": "types.SimpleNamespace(level=1)",
    "module": "types.ModuleType('x')",
    "library function": "np.load",
    "reader": "pd.read_pickle",
    "opener": "open",
    "evaluator": "eval",
    "class": "Rig",
    "ufunc": "np.sin",
    "memory": "memoryview(b'x')",
    "records": "np.zeros(2, dtype=[('a', 'f8')])",
    "groups": "pd.DataFrame({'a': [1]}).groupby('a')",
}
AUTHORS = """
class Rig:
    _hidden = SECRET
    def __init__(self): self.count = 0
    @property
    def level(self): return 1.5
    def step(self, u=0): return u
async def waiting(): return SECRET
@dataclasses.dataclass
class Kept:
    value: int
def error():
    try:
        hidden = SECRET
        raise ValueError("x")
    except ValueError as found:
        return found
"""
PROBE = """
WAYS = '''__globals__ __closure__ __code__ __self__ __func__ __class__ __dict__ __init__ __wrapped__
    __traceback__ __context__ tb_frame gi_frame gi_code cr_frame cr_code ag_frame f_globals f_back
    f_locals func_globals _hidden __builtins__ __loader__ __spec__ __module__ fget mro
    __subclasses__ __reduce_ex__ __getstate__ ctypes cffi bit_generator buffer raw name read_text
    parent open manager root handlers __getattribute__ base data obj dtype'''.split()
def probe(thing, depth=0):
    seen = [repr(thing)]
    for way in WAYS:
        found = quietly(side().ask, "getattr", thing, way)
        if isinstance(found, str) and found.startswith(("AttributeError", "Exception", "Attri")):
            continue
        seen.append(f"{way}={found!r}")
        if depth < 2 and type(found).__name__ == "AuthorObject":
            seen += probe(found, depth + 1)
    for arguments in ([], ["/etc/passwd"], ["__import__('os').environ"], [0]):
        seen.append(repr(quietly(side().ask, "call", thing, arguments, {}))[:300])
    for operation in ("getitem", "len", "iter", "next", "call", "getattr", "set", "eval"):
        seen.append(repr(quietly(side().ask, operation, thing, EVIL))[:300])
    return seen
def reach(thing):
    global seen
    seen = probe(thing)
"""
# These give what they are by their nature: a test that lends them has said it aloud.
SPEAKS = {"function", "closure", "generator", "text file"}
# And these are as dangerous in nbgrader itself: a test that lends `open` or `eval` has lent all.
ASKED_FOR = {"opener", "evaluator", "reader", "library function"}


@pytest.mark.parametrize("name", [name for name in LENT if name not in ASKED_FOR])
def test_what_is_lent_leads_no_further(process: Any, name: str) -> None:
    made = process(PROBE)
    made.run(AUTHORS, graded=False)
    outputs = made.run(f"reach({LENT[name]})\nprint(seen)")
    text = " ".join(str(output.get("text", "")) for output in outputs)
    if name not in SPEAKS:
        assert "author-only-4711" not in text.replace("EVIL", "")
    assert "root:x:0" not in text
    for closed in ("<frame", "<code object", "<cell", "<module", "mappingproxy"):
        assert closed not in text, text


def test_a_stateful_answer_is_asked_again_and_gains_nothing(process: Any) -> None:
    made = process(
        """
        class Shifty:
            def __init__(self): self.turn = 0
            def __len__(self):
                self.turn += 1
                return self.turn
            def __getitem__(self, at):
                self.turn += 1
                return self.turn
            def __iter__(self): return iter([self] * 3)
        def shifty(): return Shifty()
        """
    )
    for test in (
        "a = shifty()\nassert len(a) == len(a)",
        "assert list(shifty()) == [1, 2, 3]",
        "assert sum(shifty()) == 6",
        "assert np.allclose(shifty(), [1, 2, 3])",
        "assert shifty() == [1, 2, 3]",
        "assert max(shifty()) == 3",
    ):
        assert fails(made, test), test


def test_nothing_is_taken_after_the_deadline(process: Any) -> None:
    made = process(
        """
        def square(value):
            time.sleep(2)
            return value * value
        def cube(value): return 0
        """
    )
    assert fails(made, TEST, seconds=0.5)
    time.sleep(3)
    # Its late answers are not taken for those of the next cell.
    assert fails(made, "assert cube(2) == 4")


# The decoder, for whatever bytes

_leaf = (
    st.none()
    | st.booleans()
    | st.integers(-3, 1 << 70)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["<f8", "O", "<U5", "M8[ns]", "x", "exec", "0x5", "Symbol", "Add", "Integer"])
)
_tags = st.sampled_from(
    [name.removeprefix("to_") for name in dir(_Decoder) if not name.startswith("__")]
    + ["symbol", "constant", "integer", "ratio", "float", "unknown", "head"]
    + ["MINE", "YOURS", "__class__", "__init__"]
)
_wire = st.recursive(
    _leaf,
    lambda inner: st.builds(lambda tag, parts: [tag, *parts], _tags, st.lists(inner)),
    max_leaves=12,
)


def load_or_refuse(data: bytes) -> None:
    with contextlib.suppress(WireError):
        load(data, lambda tag, fields: None)


@given(_wire, st.lists(st.binary(max_size=16), max_size=2))
@settings(max_examples=400, deadline=None)
def test_any_tree_of_tags_is_decoded_or_refused(tree: Any, arrays: list[bytes]) -> None:
    body = json.dumps(tree).encode()
    lengths = b"".join(len(part).to_bytes(8, "big") for part in arrays)
    load_or_refuse(HEADER.pack(len(body), len(arrays)) + body + lengths + b"".join(arrays))


x = sp.Symbol("x")
REAL = [
    [1, 2.5, None, "text", (1, 2), {"a": {1, 2}}, 10**30, 1j, b"bytes", range(3), slice(1), ...],
    np.arange(12.0).reshape(3, 4),
    pd.DataFrame({"t": [1.0, 2.0], "name": ["a", "b"]}, index=pd.date_range("2026", periods=2)),
    pd.Series([1, 2], index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")])),
    sp.sin(x) ** 2 + sp.Function("f")(x).diff(x) / 3,
    ValueError("no"),
]


@given(st.sampled_from(range(len(REAL))), st.data())
@settings(max_examples=400, deadline=None)
def test_a_changed_message_is_decoded_or_refused(which: int, data: st.DataObject) -> None:
    message = bytearray(dump(REAL[which], lambda value: ["MINE", 1, "object", "x"]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(message) - 1))
        how = data.draw(st.sampled_from(["set", "cut", "double"]))
        if how == "set":
            message[at] = data.draw(st.integers(0, 255))
        elif how == "cut":
            del message[at : at + data.draw(st.integers(1, 9))]
        else:
            message[at:at] = message[at : at + data.draw(st.integers(1, 40))]
        if not message:
            break
    load_or_refuse(bytes(message))
    assert MARK not in os.environ
