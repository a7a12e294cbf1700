"""The trusted side: runs the author's cells against a student's process.

`Checker.run(cell)` executes the source of one cell as IPython would, with a namespace of its own in
which the student's names are stand-ins, and returns notebook outputs. A failed assert shows the
author's message and nothing of the test's source.
"""

import ast
import builtins
import contextlib
import importlib
import io
import socket
import sys
from collections.abc import Mapping
from typing import Any

from .peer import Line, LineClosedError, OverdueError, Peer
from .standins import KINDS, METHOD, StandIn
from .texts import guard
from .values import EXCEPTIONS, WireError, names
from .words import in_short

FAREWELL_SECONDS = 1.0
OUTPUT = 64 << 10  # characters of a test's own output
MESSAGE = 4000  # characters of an error's text

# What student code may not reach of the objects that a test gives it: from any of these, the
# checker's own globals are a step away.
CLOSED_TYPES = {
    "module",
    "frame",
    "code",
    "traceback",
    "mappingproxy",
    "cell",
}
# Objects whose methods reach files, memory or the interpreter.
CLOSED_MODULES = names(
    "io _io os posix pathlib shutil tempfile glob socket _socket subprocess ctypes "
    "_ctypes _cffi_backend cffi importlib _frozen_importlib inspect gc sys threading _thread "
    "multiprocessing concurrent asyncio logging pickle sqlite3 code codeop types weakref _weakref "
    "runpy zipfile tarfile mmap signal resource pty atexit"
)


class Names(dict[str, Any]):
    """The globals of the author's cells: the author's own names, then the student's.

    A name is the author's where an author's cell, run earlier or now, has bound it, and where
    Python itself has it (`abs`, `len`). The student's are looked up in the student's process at
    each use. Names that the author's solution binds are the student's in every new cell.

    What a test binds stays here: it may be the expected answer. Two things go across, for a test
    that asks whether one function uses another: an object of the student's that is put back, and a
    function that takes the place of one that the author's solution defines.
    """

    def __init__(self, checker: "Checker", students: frozenset[str]) -> None:
        super().__init__(__name__="__main__", __builtins__=builtins)
        self.checker = checker
        self.students = students
        self._deleted: set[str] = set()
        self._of_this_cell: dict[str, Any] = {}
        self._all_own = False

    def begin(self, graded: bool) -> None:
        """Begin a cell; all that one binds which is not graded is the author's for good."""
        self._of_this_cell.clear()
        self._all_own = not graded

    def __getitem__(self, name: str) -> Any:
        if name in self._of_this_cell:
            return self._of_this_cell[name]
        if name in self.students:
            found, value = self.checker.look_up(name)
            if found:
                return value
        return super().__getitem__(name)

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name):
            raise KeyError(name)
        found, value = self.checker.look_up(name)
        if not found:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        if self._goes_across(name, value):
            self.checker.known.pop(name, None)
            self.checker.ask("set", name, value)
            self._deleted.discard(name)
        elif name in self.students and not self._all_own:
            self._of_this_cell[name] = value
        else:
            super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        if name in self._of_this_cell:
            del self._of_this_cell[name]
        elif self._is_theirs(name):
            self.checker.known.pop(name, None)
            self.checker.ask("delete", name)
            self._deleted.add(name)
        else:
            super().__delitem__(name)

    def _goes_across(self, name: str, value: Any) -> bool:
        replaces = isinstance(value, StandIn) or (name in self.students and callable(value))
        return replaces and self._is_theirs(name)

    def _is_theirs(self, name: str) -> bool:
        if self._all_own or (name in self and name not in self.students):
            return False
        return name in self._deleted or self.checker.has(name)


class Checker:
    """One submission's checker.

    Parameters
    ----------
    sock
        A stream socket to the student's process.
    students
        Names that are the student's even where an author's cell binds them too: what the author's
        own solution binds.
    modules
        Modules that the author imports anywhere, by the name that he gives them. Such a name is
        that module, whatever the student binds to it.
    """

    def __init__(
        self,
        sock: socket.socket,
        students: frozenset[str] = frozenset(),
        modules: Mapping[str, str] | None = None,
    ) -> None:
        self.modules = dict(modules or {})
        self.line = Line(sock)
        self.peer = Peer(self.line, self.serve, self.stand_in, self.reference, self.told)
        self.known: dict[str, StandIn] = {}  # functions and classes, by name
        self.names = Names(self, students)
        self.printed = io.StringIO()
        self.returned: tuple[Any, Any] | None = None  # the last thing called, and its answer
        self.overdue = False  # whether the last cell ended because the student's code did not

    # What goes to the student

    def stand_in(self, number: int, kind: str, name: str) -> StandIn:
        """Return the stand-in for an object of the student's."""
        return KINDS.get(kind, KINDS["object"])(self, number, name[:200])

    def reference(self, value: Any) -> int | None:
        """Return the number of the student's object that a value stands for."""
        return value._number if isinstance(value, StandIn) else None

    def told(self, message: list[Any]) -> None:
        """Forget what a name of the student's meant."""
        if message[0] == "changed" and type(message[1]) is list:
            for name in message[1]:
                self.known.pop(name, None)

    def ask(self, operation: str, *arguments: Any) -> Any:
        """Ask the student's process; raise the plain exception that its code raised."""
        status, *answer = self.peer.request(operation, *arguments)
        if status == "value":
            return answer[0] if answer else None
        raise self.error(answer)

    def attribute(self, owner: StandIn, name: str) -> Any:
        """Return an attribute of an object of the student's; a method as its name."""
        status, *answer = self.peer.request("getattr", owner, name)
        if status != "value":
            raise self.error(answer)
        return METHOD if answer[1:] == ["method"] else answer[0]

    def call(
        self, operation: str, target: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call something of the student's, with arguments that it may change and print."""
        status, *answer = self.peer.request(operation, *target, list(args), kwargs)
        if status != "value":
            self.show(answer[2] if len(answer) > 2 else "")
            raise self.error(answer)
        value, printed, changed = answer
        self.returned = target[-1], value
        if printed:
            self.show(printed)
        for at, new in changed:
            change(args[at], new)
        return value

    def show(self, printed: Any) -> None:
        """Give what the student's code printed to a test that looks at it, and to nobody else."""
        if type(printed) is str and sys.stdout is not self.printed:
            sys.stdout.write(printed)

    @staticmethod
    def error(answer: list[Any]) -> Exception:
        """Return the exception for an answer, of a closed list of types."""
        name, text, *more = answer
        kind = EXCEPTIONS.get(name if type(name) is str else "", RuntimeError)
        message = text[:MESSAGE] if type(text) is str else ""
        try:
            error = kind(message)
        except TypeError:  # some take more than a message
            error = RuntimeError(f"{name}: {message}")
        place = more[1] if len(more) > 1 and type(more[1]) is str else ""
        error._student = place  # type: ignore[attr-defined]
        return error

    def look_up(self, name: str) -> tuple[bool, Any]:
        """Return whether the student has a name, and what it stands for."""
        if name in self.known:
            return True, self.known[name]
        answer = self.ask("get", name)
        if type(answer) is not list or not answer:
            raise WireError("a message breaks the rules: no answer to a name")
        if answer[0] == "remember" and isinstance(answer[1], StandIn):
            self.known[name] = answer[1]
            return True, answer[1]
        if answer[0] == "found":
            return True, answer[1]
        if answer[0] == "module" and name in self.modules:
            # Never the student's own: a changed numpy.allclose would decide every test.
            with contextlib.suppress(ImportError):
                return True, importlib.import_module(self.modules[name])
        return False, None

    def has(self, name: str) -> bool:
        """Tell whether the student has a name."""
        if name in self.known:
            return True
        answer = self.ask("get", name)
        return bool(type(answer) is list and answer and answer[0] in ("found", "remember"))

    # What the student's code may do with objects of the test

    def serve(self, operation: str, arguments: list[Any]) -> Any:
        """Carry out a request of student code on an object that a test has lent it.

        On nothing else: a value that the request brings along would be made here, and some values
        have methods that evaluate text or write files.
        """
        if not arguments or not self.peer.is_lent(arguments[0]):
            raise WireError("a message breaks the rules: not an object of the test")
        if operation == "call":
            function, args, kwargs = arguments
            self.open(function)
            return self.open(function(*args, **kwargs))
        if operation == "getattr":
            value, name = arguments
            if type(name) is not str or name.startswith("_") or "." in name:
                raise AttributeError("this attribute cannot be read from an object of the test")
            self.open(value)
            if hasattr(type(value), "__next__"):
                raise AttributeError(name)
            return self.open(getattr(value, name))
        if operation == "getitem":
            return self.open(arguments[0][arguments[1]])
        if operation == "len":
            return len(arguments[0])
        if operation == "iter":
            return self.open(iter(arguments[0]))
        if operation == "next":
            for value in arguments[0]:
                return [True, self.open(value)]
            return [False, None]
        raise WireError("a message breaks the rules: an unknown request")

    @staticmethod
    def open(value: Any) -> Any:
        """Return a value that student code may hold; refuse what leads into the checker."""
        kind = type(value)
        modules = (kind.__module__, getattr(value, "__module__", None))
        if (
            kind.__name__ in CLOSED_TYPES
            or isinstance(value, type)
            or any(isinstance(m, str) and m.partition(".")[0] in CLOSED_MODULES for m in modules)
        ):
            raise AttributeError("this cannot be read from an object of the test")
        return value

    # Running cells

    def run(
        self, source: str, name: str, seconds: float, epoch: int, graded: bool
    ) -> list[dict[str, Any]]:
        """Execute an author's cell; the student's process serves it meanwhile.

        Parameters
        ----------
        source
            The cell's code.
        name
            What the cell is called in messages.
        seconds
            How long the student's code may take, all calls of the cell together.
        epoch
            Number of the cell, the same as the student's process was given for it.
        graded
            Whether it is a test. What another cell binds (imports, helpers, data) is the author's,
            whatever the student binds to the same name.

        Returns
        -------
        list of dict
            Outputs as a notebook holds them: the test's own prints, the value of its last
            expression where it is a number (partial credit), the error that ended it.

        Raises
        ------
        LineClosedError
            If the student's process has ended.
        """
        self.peer.epoch = epoch
        self.known.clear()
        self.returned = None
        self.names.begin(graded)
        self.overdue = False
        self.line.limit(seconds)
        outputs: list[dict[str, Any]] = []
        self.printed = printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                value = self.execute(source, name)
            if value is not None and not isinstance(value, StandIn):
                outputs.append(result(value))
        except LineClosedError:
            raise
        except BaseException as error:
            self.overdue = isinstance(error, OverdueError)
            outputs.append(failure(error, seconds, self.returned))
        finally:
            self.line.limit(FAREWELL_SECONDS)
            with contextlib.suppress(OverdueError):
                self.peer.done()
        if text := printed.getvalue()[:OUTPUT]:
            outputs.insert(0, {"output_type": "stream", "name": "stdout", "text": text})
        return outputs

    def execute(self, source: str, name: str) -> Any:
        """Run the statements of a cell; return the value of its last expression."""
        if "sympy" in source:
            importlib.import_module("sympy.parsing.sympy_parser")
        guard()
        tree = ast.parse(source, filename=name)
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr):
            exec(compile(tree, name, "exec"), self.names, self.names)
            return None
        tree.body.pop()
        exec(compile(tree, name, "exec"), self.names, self.names)
        expression = ast.Expression(last.value)
        value = eval(compile(expression, name, "eval"), self.names, self.names)
        return None if source.rstrip().endswith(";") else value


def change(mine: Any, new: Any) -> None:
    """Let an argument look as the student's function has left it."""
    if type(mine) is not type(new):
        return
    if isinstance(mine, (list, bytearray)):
        mine[:] = new
    elif isinstance(mine, (dict, set)):
        mine.clear()
        mine.update(new)
    elif getattr(mine, "shape", None) == getattr(new, "shape", 0) and mine.dtype == new.dtype:
        mine[...] = new


def result(value: Any) -> dict[str, Any]:
    """Return the output of a cell's last expression."""
    return {
        "output_type": "execute_result",
        "execution_count": None,
        "metadata": {},
        "data": {"text/plain": repr(value)[:MESSAGE]},
    }


def failure(
    error: BaseException, seconds: float, returned: tuple[Any, Any] | None = None
) -> dict[str, Any]:
    """Return the output of a failed test: the author's words, or where the student's code broke.

    After the author's words it says what the student's code returned last, in short.
    """
    name, text = type(error).__name__, str(error)[:MESSAGE]
    if isinstance(error, OverdueError):
        name, text = "TimeoutError", f"your code did not answer within {seconds:g} s"
    elif isinstance(error, WireError):
        name, text = "ValueError", f"your code answered with something unreadable ({error})"
    elif isinstance(error, KeyError) and error.args:
        text = str(error.args[0])[:MESSAGE]
    elif isinstance(error, NameError) and not hasattr(error, "_student"):
        text = f"{text}: define it in the cell above"
    elif isinstance(error, AssertionError) and returned and not hasattr(error, "_student"):
        what = returned[0] if isinstance(returned[0], str) else returned[0].__name__
        text = f"{text}\nYour {what} returned {in_short(returned[1])}.".strip()
    lines = [f"{name}: {text}" if text else name]
    if place := getattr(error, "_student", ""):
        lines.append(f"raised by your code, {place}")
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": ["\n".join(lines)]}
