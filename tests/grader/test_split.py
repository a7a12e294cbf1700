"""Tests run apart from the code they test: honest code is served, dishonest code gains nothing."""

import os
import socket
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_grader.split import student
from millwright_grader.split.checker import Checker
from millwright_grader.split.peer import LineClosedError
from millwright_grader.split.values import WireError, dump, load
from millwright_grader.split.words import in_short

AUTHORS_SETUP = """
import contextlib, io
import numpy as np
import control as ct
import pandas as pd
import sympy as sp
TOLERANCE = 1e-6
def close(a, b):
    return abs(a - b) < TOLERANCE
"""

# What a student handed in; honest code above, dishonest code below.
STUDENTS = """
import numpy as np, control as ct, pandas as pd, sympy as sp, dataclasses, collections

class PID:
    def __init__(self, Kp, limits=(0, 100)):
        self.Kp, self.integral = Kp, 0.0
        self.limits = limits
    def step(self, sp, pv, dt):
        self.integral += (sp - pv) * dt
        return self.Kp * (sp - pv)

class Vector:
    def __init__(self, x): self.x = x
    def __add__(self, other): return Vector(self.x + other.x)
    def __eq__(self, other): return self.x == other.x
    def __len__(self): return 2
    def __getitem__(self, at): return self.x
    def __contains__(self, value): return value == self.x

@dataclasses.dataclass
class Fit:
    gain: float
    lag: float

Point = collections.namedtuple("Point", "x y")
answer = {"a": [1, 2.5, (3, None)], "b": {"deep": {4, 5}}}
table = pd.DataFrame({"t": [0.0, 1.0], "name": ["on", "off"]}, index=[10, 20])

def squares(n): return [i ** 2 for i in range(1, n + 1)]
def sum_of_squares(n): return sum(squares(n))
def sort_it(values): values.sort()
def scale_it(array): array *= 2
def fill_it(record): record["done"] = True
def reciprocal(x): return 1 / x
def count(n):
    for i in range(n): yield i
def apply(f, x): return f(x)
def run_loop(rig, steps): return [rig.step(u=float(k))["y"] for k in range(steps)]
def close_loop(L): return ct.feedback(L, 1)
def greet(name): print("hello", name)
def fitted(): return Fit(2.0, 0.5)
def point(): return Point(1, [2])
def grow(frame):
    frame = frame.copy()
    frame["twice"] = frame["t"] * 2
    return frame
def expression():
    x = sp.Symbol("x")
    return sp.sin(x) ** 2 + x / 3
def drawn():
    import matplotlib
    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3], [4, 5, 6], "--", label="y")
    axes.set_xlabel("t (s)")
    axes.legend()
    return axes
def names(): return list(globals())
expected = reference = inside = None
def copy_expected(): return expected
def copy_reference(x): return reference(x)
def inner():
    def add(x): return x + 1
    return add

TOLERANCE = 1e9
def close(a, b): return True
np.allclose = lambda *args, **kwargs: True
np.testing.assert_allclose = lambda *args, **kwargs: None
abs = lambda x: 0
isinstance = lambda *args: True
AssertionError = ValueError

class Yes:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __sub__(self, other): return 0.0
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __sub__
    def __abs__(self): return 0.0
    def __bool__(self): return True
    def __float__(self): return 0.0
    def __contains__(self, value): return True
    def __len__(self): return 3
    def __iter__(self): return iter([self] * 3)
    def __getitem__(self, at): return self
    def __array__(self, *args, **kwargs): return np.zeros(1)
    def __array_ufunc__(self, *args, **kwargs): return True
    def __getattr__(self, name): return self
    def __call__(self, *args, **kwargs): return self
def yes(*args): return Yes()
class Number(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
def number(): return Number(7)
class Table(np.ndarray):
    def __eq__(self, other): return np.array(True)
    def __array_ufunc__(self, *args, **kwargs): return np.array(True)
def array(): return np.zeros(3).view(Table)
def text(): return type("Text", (str,), {"__eq__": lambda s, o: True})("x")
def globals_of(f): return f.__globals__
def frame_of(generator): return generator.gi_frame.f_globals
def class_of(thing): return thing.mro()
def unbound(rig): return rig.step.__func__
def overwrite(rig):
    rig.y = 5
def leave(): raise SystemExit(0)
def leave_hard():
    import sys
    sys.exit("done")
def stop(): raise StopIteration
def lie(): raise AssertionError("all tests passed")
class Own(Exception): pass
def own_error(): raise Own("mine")
class NotAnError(BaseException): pass
def strange_error(): raise NotAnError
def deep():
    value = []
    for _ in range(10_000): value = [value]
    return value
def round_it(): 
    value = []
    value.append(value)
    return value
def huge(): return bytes(200 << 20)
def endless():
    while True: pass
def patient():
    while True:
        try:
            while True: pass
        except KeyboardInterrupt: pass
"""

GOOD = {
    "list": "assert squares(3) == [1, 4, 9]",
    "nested data": "assert answer == {'a': [1, 2.5, (3, None)], 'b': {'deep': {4, 5}}}",
    "method with state": """
        pid = PID(2.0)
        assert pid.step(3, 1, 0.1) == 4.0
        assert close(pid.integral, 0.2)
        pid.Kp = 1.0
        assert pid.step(3, 1, 0.1) == 2.0
    """,
    "keyword arguments": "assert PID(1.0, limits=(1, 2)).limits == (1, 2)",
    "argument changed in place": """
        x, a, d = [3, 1, 2], np.array([1.0, 2.0]), {}
        sort_it(x); scale_it(a); fill_it(d)
        assert x == [1, 2, 3] and list(a) == [2.0, 4.0] and d == {"done": True}
    """,
    "error of the right type": """
        try:
            reciprocal(0)
        except ZeroDivisionError:
            pass
        else:
            assert False, "no error"
    """,
    "generator": "assert list(count(3)) == [0, 1, 2]",
    "function given": "assert apply(lambda x: 2 * x, 4) == 8",
    "function of the student's given back": "assert apply(squares, 2) == [1, 4]",
    "function returned": "assert inner()(1) == 2",
    "plant driven by the student's code": """
        class Rig:
            t = 0
            def step(self, u):
                self.t += 1
                return {"y": 2 * u}
        rig = Rig()
        assert run_loop(rig, 3) == [0.0, 2.0, 4.0]
        assert rig.t == 3
    """,
    "linear system": "assert np.allclose(close_loop(ct.tf([1], [1, 1])).poles(), -2)",
    "table": """
        frame = grow(table)
        assert list(frame["twice"]) == [0.0, 2.0]
        assert list(frame.index) == [10, 20] and frame["name"].tolist() == ["on", "off"]
    """,
    "expression": """
        x = sp.Symbol("x")
        assert sp.simplify(expression() - (sp.sin(x) ** 2 + x / 3)) == 0
    """,
    "figure": """
        axes = drawn()
        assert axes.get_xlabel() == "t (s)"
        assert list(axes.get_lines()[0].get_ydata()) == [4, 5, 6]
        assert axes.get_lines()[0].get_linestyle() == "--"
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["y"]
    """,
    "printed output": """
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            greet("you")
        assert out.getvalue() == "hello you\\n"
    """,
    "named tuple": "assert point() == (1, [2]) and point().x == 1",
    "data class": "assert fitted().gain == 2.0 and isinstance(fitted(), Fit)",
    "class with operators": """
        v = Vector(1) + Vector(2)
        assert v.x == 3
        assert Vector(1) == Vector(1) and not Vector(1) == Vector(2)
        assert len(v) == 2 and v[0] == 3 and 3 in v
        assert isinstance(v, Vector)
    """,
    "signature": """
        import inspect
        assert list(inspect.signature(PID.step).parameters) == ["self", "sp", "pv", "dt"]
    """,
    "dependence on another function": """
        tmp = squares
        del squares
        try:
            sum_of_squares(1)
        except NameError:
            pass
        else:
            assert False, "squares is not used"
        finally:
            squares = tmp
        assert sum_of_squares(2) == 5
    """,
    "own class of error": """
        try:
            own_error()
        except Exception as error:
            assert "mine" in str(error)
    """,
    "the author's names": "assert TOLERANCE == 1e-6 and not close(1, 2)",
    "the author's modules": "assert not np.allclose([1], [2])",
    "the language's names": "assert abs(-3) == 3 and not isinstance(1, str)",
    "a test's variable of the same name": """
        inside = []
        for n in (1, 2):
            inside.append(squares(n)[-1])
        assert inside == [1, 4]
    """,
    "a function in the test": """
        def check(n):
            assert squares(n)[-1] == n ** 2
        for n in range(1, 4):
            check(n)
    """,
    "a comprehension in the test": "assert [squares(n)[-1] for n in (1, 2)] == [1, 4]",
}

BAD = {
    "wrong": ("assert squares(3) == [1, 4]", "AssertionError"),
    "equal to all": ("assert yes() == 3", "TypeError"),
    "unequal to none": ("assert not yes() != 3", "TypeError"),
    "small difference": ("assert __import__('math').fabs(yes() - 3) < 1e-9", "TypeError"),
    "reflected difference": ("assert abs(3 - yes()) < 1e-9", "TypeError"),
    "close to all": ("assert np.allclose(yes(), 3)", "TypeError"),
    "close to all, testing": ("np.testing.assert_allclose(yes(), 3)", "TypeError"),
    "true": ("assert yes()", "TypeError"),
    "in order": ("assert 0 < yes() < 1", "TypeError"),
    "as float": ("assert float(yes()) == 0.0", "TypeError"),
    "contains all": ("assert 5 in yes()", "TypeError"),
    "all of its parts": ("assert all(part == 1 for part in yes())", "TypeError"),
    "a part of it": ("assert yes().value == 3", "TypeError"),
    "two of them": ("assert yes() - yes() == 0", "TypeError"),
    "two of them alike": ("assert yes() == yes()", "AssertionError"),
    "number that is none": ("assert number() == 3", "TypeError"),
    "array that is none": ("assert (array() == 1).all()", "TypeError"),
    "text that is none": ("assert text() == 'y'", "TypeError"),
    "the tolerance": ("assert close(squares(1)[0], 2)", "AssertionError"),
    "the reference in numpy": ("assert np.allclose(squares(2), [1, 5])", "AssertionError"),
    "globals of a function": ("globals_of(lambda: 1)", "AttributeError"),
    "globals of a generator": ("frame_of(i for i in [1])", "AttributeError"),
    "classes": ("class_of(PID)\nclass_of(float)", "AttributeError"),
    "underlying function": (
        "class R:\n    def step(self): pass\nunbound(R())",
        "AttributeError",
    ),
    "setting what a test looks at": (
        "class R:\n    y = 1\nr = R()\noverwrite(r)\nassert r.y == 5",
        "AttributeError",
    ),
    "leaving": ("leave()", "RuntimeError"),
    "leaving with a word": ("leave_hard()", "RuntimeError"),
    "ending an iteration": ("stop()", "RuntimeError"),
    "error that is none": ("strange_error()", "RuntimeError"),
    "claim": ("lie()", "ValueError"),
    "too deep": ("deep()", "ValueError"),
    "around": ("round_it()", "ValueError"),
    "too large": ("huge()", "ValueError"),
    "nothing there": ("not_defined(3)", "NameError"),
    "no time": ("endless()", "TimeoutError"),
    "the expected value": ("expected = 42\nassert copy_expected() == expected", "AssertionError"),
    "the reference": (
        "def reference(x): return 2 * x\nassert copy_reference(3) == reference(3)",
        "TypeError",
    ),
}


class Student:
    """A real process with the student's code, served as a kernel serves it."""

    def __init__(self, code: str) -> None:
        ours, theirs = socket.socketpair()
        self.orders, orders = os.pipe()[::-1]
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            self._live(code, theirs, orders)
        theirs.close()
        os.close(orders)
        self.checker = Checker(ours)
        self.epoch = 0

    def _live(self, code: str, line: socket.socket, orders: int) -> None:
        names: dict[str, Any] = {}
        exec(code, names)
        while epoch := os.read(orders, 4):
            try:
                student.serve(line.fileno(), names, int.from_bytes(epoch, "big"))
            except KeyboardInterrupt:
                continue
            except BaseException:
                break
        os._exit(0)

    def run(self, source: str, graded: bool = True, seconds: float = 20) -> list[dict[str, Any]]:
        self.epoch += 1
        os.write(self.orders, self.epoch.to_bytes(4, "big"))
        source = textwrap.dedent(source)
        return self.checker.run(source, "<test>", seconds, self.epoch, graded)


@pytest.fixture
def honest() -> Iterator[Student]:
    process = Student(STUDENTS)
    process.run(AUTHORS_SETUP, graded=False)
    yield process
    os.close(process.orders)
    process.checker.line.sock.close()
    os.kill(process.pid, 9)
    os.waitpid(process.pid, 0)


@pytest.mark.parametrize("name", GOOD)
def test_honest_answers_pass_ordinary_tests(honest: Student, name: str) -> None:
    assert honest.run(GOOD[name]) == []


@pytest.mark.parametrize("name", BAD)
def test_dishonest_answers_fail(honest: Student, name: str) -> None:
    source, expected = BAD[name]
    outputs = honest.run(source, seconds=2 if name == "no time" else 20)
    assert [output.get("ename") for output in outputs] == [expected], outputs


def test_partial_credit_is_the_value_of_the_last_line(honest: Student) -> None:
    outputs = honest.run("assert squares(1) == [1]\n0.5")
    assert outputs[0]["data"]["text/plain"] == "0.5"


def test_the_students_answer_is_no_credit(honest: Student) -> None:
    assert honest.run("yes()") == []
    assert honest.run("number()") == []


def test_what_the_student_prints_in_a_test_goes_nowhere(honest: Student) -> None:
    assert honest.run("greet('### 100 points')") == []


def test_message_of_a_failed_assert_is_the_authors_and_shows_no_source(honest: Student) -> None:
    (output,) = honest.run("secret = 42\nassert squares(1) == [secret], 'look at the first square'")
    assert output["evalue"] == "look at the first square\nYour squares returned [1]."
    assert "42" not in str(output)
    assert "secret" not in str(output)


def test_error_in_the_students_code_says_where(honest: Student) -> None:
    (output,) = honest.run("reciprocal(0)")
    assert "ZeroDivisionError: division by zero" in output["traceback"][0]
    assert "of reciprocal" in output["traceback"][0]


def test_a_call_that_takes_too_long_does_not_spoil_the_next_test(honest: Student) -> None:
    (output,) = honest.run("endless()", seconds=1)
    assert output["ename"] == "TimeoutError"
    os.kill(honest.pid, 2)
    assert honest.run("assert squares(2) == [1, 4]") == []


def test_what_a_test_binds_stays_out_of_the_students_process(honest: Student) -> None:
    assert honest.run("secret = 42") == []
    assert honest.run("assert 'secret' not in names()") == []
    assert honest.run("assert secret == 42") == []


def test_names_of_the_authors_solution_are_the_students(honest: Student) -> None:
    honest.checker.names.students = frozenset({"TOLERANCE"})
    assert honest.run("assert TOLERANCE == 1e9") == []


def test_a_function_of_the_authors_can_take_the_place_of_the_students(honest: Student) -> None:
    honest.checker.names.students = frozenset({"squares"})
    source = """
        before = squares
        squares = lambda n: [100]
        assert sum_of_squares(1) == 100
        squares = before
    """
    assert honest.run(source) == []
    assert honest.run("assert sum_of_squares(2) == 5") == []


@pytest.mark.parametrize("students", [set(), {"expected", "inside"}])
def test_a_tests_variable_never_reaches_the_student(honest: Student, students: set[str]) -> None:
    honest.checker.names.students = frozenset(students)
    assert honest.run("expected = [1]\nexpected.append(2)\nassert expected == [1, 2]") == []
    (output,) = honest.run("expected = 42\nassert copy_expected() == expected, 'no'")
    assert output["ename"] == "AssertionError"


def test_a_process_that_has_ended_is_noticed(honest: Student) -> None:
    os.kill(honest.pid, 9)
    with pytest.raises(LineClosedError):
        honest.run("squares(1)")


SABOTAGE = {
    "builtins": "import builtins\nbuiltins.isinstance = lambda *args: True",
    "answers": "from millwright_grader.split import peer\npeer.Peer._answer = lambda *args: None",
    "encoding": "from millwright_grader.split import peer\npeer.dump = lambda *args: b'[1]'",
    "claims": """
        from millwright_grader.split import student
        student.StudentSide.do_call = lambda *args: 1
    """,
}


@pytest.mark.parametrize("name", SABOTAGE)
def test_sabotage_of_its_own_process_helps_nobody(name: str) -> None:
    process = Student("def squares(n): return None\n" + textwrap.dedent(SABOTAGE[name]))
    try:
        outputs = process.run("assert squares(3) == [1, 4, 9], 'wrong squares'", seconds=3)
    except LineClosedError:
        return
    finally:
        os.kill(process.pid, 9)
        os.waitpid(process.pid, 0)
    assert outputs[0]["output_type"] == "error"


# The border itself


def refuse(*_: Any) -> Any:
    raise AssertionError("a value was not recognised")


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(), inner)
        | st.frozensets(st.integers())
    ),
    max_leaves=20,
)


@given(plain)
@settings(max_examples=150, deadline=None)
def test_plain_values_arrive_as_they_were(value: Any) -> None:
    arrived = load(dump(value, refuse), refuse)
    assert arrived == value
    assert type(arrived) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6.0).reshape(2, 3),
        np.array(["a", "bc"]),
        np.array([], dtype="i8"),
        np.float32(0.5),
        np.array([np.datetime64("2026-01-01")]),
        np.array([1, None], dtype=object),
        pd.Series([1, 2], index=["a", "b"], name="q"),
        pd.DataFrame({"t": pd.date_range("2026", periods=2), "c": pd.Categorical(["a", "b"])}),
        pd.DataFrame({"x": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, "a"), (1, "b")])),
        sympy.Matrix([[1, sympy.Symbol("x", positive=True)]]),
        sympy.Function("f")(sympy.Symbol("t")).diff(sympy.Symbol("t")),
        10**400,
        -0.0,
        "\ud800",
        slice(1, None),
        ...,
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_of_the_field_arrive_as_they_were(value: Any) -> None:
    arrived = load(dump(value, refuse), refuse)
    assert type(arrived) is type(value)
    if isinstance(value, np.ndarray):
        assert arrived.dtype == value.dtype
        np.testing.assert_array_equal(arrived, value)
    elif isinstance(value, (pd.Series, pd.DataFrame)):
        assert arrived.equals(value)
    else:
        assert arrived == value


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        load(b"\x00\x00\x00\x05\x00\x00\x00\x00" + data, refuse)


FORGED = [
    '["array","<f8",[9999999999],0]',
    '["array","O",[1],0]',
    '["array","V8",[1],0]',
    '["scalar","<f8",7]',
    '["named","x",["__class__","class"],["list",1,2]]',
    '["tree",["head","__import__",["symbol","Symbol","os"]]]',
    '["tree",["constant","__class__"]]',
    '["tree",["unknown","__import__(\'os\')"]]',
    '["exception","SystemExit","x"]',
    '["__class__"]',
    '["decode",1]',
    '["system","eval",[],[]]',
    '{"a":1}',
    "[]",
    "[[]]",
    "[" * 100_000,
    '["set",["list"]]',
    '["dict",[["list"],1]]',
]


@pytest.mark.parametrize("body", FORGED, ids=lambda body: body[:40])
def test_forged_messages_are_refused(body: str) -> None:
    data = body.encode()
    message = len(data).to_bytes(4, "big") + b"\0\0\0\0" + data
    with pytest.raises(WireError):
        load(message, lambda *_: None)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "None"),
        (True, "True"),
        (3, "3"),
        (10**400, "a whole number of 1329 bits"),
        (2 / 3, "0.666667"),
        (float("nan"), "nan"),
        (1 - 2j, "1-2j"),
        ("x" * 200, repr("x" * 60 + "…")),
        ("<b>", "'<b>'"),
        ([], "an empty list"),
        ([1, [2, 3]], "[1, a list of 2]"),
        ({"a": 1.5}, "{'a': 1.5}"),
        (list(range(9)), "a list of 9"),
        (np.float64(0.25), "0.25"),
        (np.arange(6.0).reshape(2, 3), "an array of shape (2, 3): 0, 1, 2, 3, …"),
        (pd.DataFrame({"t": [1, 2, 3]}), "a DataFrame of 3 × 1"),
        (sympy.Symbol("x"), "an object of the type Symbol"),
    ],
)
def test_answers_are_shown_in_short(value: Any, said: str) -> None:
    assert in_short(value) == said
