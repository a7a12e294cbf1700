"""The student's side: serve the checker's requests from the student's namespace.

Nothing here is trusted. Student code in this process may change what it likes; it changes its own
answers only.
"""

import io
import itertools
import operator
import socket
import sys
import traceback
import types
from typing import Any

from .peer import Answer, Line, Peer
from .values import Export, dump, plain_exception

PRINTED = 64 << 10  # characters of a call's output that travel back

OPERATORS = {
    name: getattr(operator, name)
    for name in (
        *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
        *("eq", "ne", "lt", "le", "gt", "ge"),
        *("neg", "pos", "abs", "invert", "and_", "or_", "xor"),
    )
} | {"contains": operator.contains, "bool": bool, "float": float, "int": int, "str": str}

# Names that IPython puts into every namespace.
NOT_THE_STUDENTS = {"In", "Out", "exit", "quit", "get_ipython", "open", "_", "__", "___"}

MUTABLE = (list, dict, set, bytearray)


class AuthorObject:
    """What student code sees of an object of the test: it can be called, read and iterated."""

    def __init__(self, side: "StudentSide", number: int, name: str) -> None:
        object.__setattr__(self, "_side", side)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "__name__", name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it in the checker."""
        return self._side.ask("call", self, list(args), kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._side.ask("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{name} belongs to the test and cannot be set")

    def __getitem__(self, key: Any) -> Any:
        return self._side.ask("getitem", self, key)

    def __len__(self) -> int:
        return int(self._side.ask("len", self))

    def __iter__(self) -> Any:
        made = self._side.ask("iter", self)
        if not isinstance(made, AuthorObject):
            yield from made
            return
        while True:
            found, value = self._side.ask("next", made)
            if not found:
                return
            yield value

    def __repr__(self) -> str:
        return f"<{self.__name__} of the test>"


class StudentSide:
    """Serves one checker.

    Parameters
    ----------
    sock
        A stream socket to the checker.
    namespace
        The kernel's user namespace.
    """

    def __init__(self, sock: socket.socket, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        # Functions and classes that the checker remembers by name, until it is told otherwise.
        self.remembered: dict[str, Any] = {}
        self.peer = Peer(Line(sock), self.serve, self.stand_in, self.reference)

    def stand_in(self, number: int, kind: str, name: str) -> AuthorObject:
        """Return what student code sees of an object of the test."""
        return AuthorObject(self, number, name)

    def reference(self, value: Any) -> int | None:
        """Return the number of the test's object that a value stands for."""
        return value._number if type(value) is AuthorObject else None

    def ask(self, operation: str, *arguments: Any) -> Any:
        """Ask the checker; raise what it raised."""
        status, *answer = self.peer.request(operation, *arguments)
        if status == "value":
            return answer[0]
        import builtins

        raise getattr(builtins, answer[0], RuntimeError)(answer[1])

    def serve(self, operation: str, arguments: list[Any]) -> Any:
        """Carry out one request of the checker."""
        try:
            return getattr(self, f"do_{operation}")(*arguments)
        finally:
            for name, value in self.remembered.items():
                if self.namespace.get(name) is not value:
                    self._forget()
                    break

    def _forget(self) -> None:
        """Tell the checker which names do not mean any more what it remembers."""
        changed = [n for n, value in self.remembered.items() if self.namespace.get(n) is not value]
        for name in changed:
            del self.remembered[name]
        self.peer.tell("changed", changed)

    def do_get(self, name: str) -> Any:
        """Return ["found", value], ["module", its name] or ["missing"].

        A name of a function or class is remembered, and so the answer begins with "remember".
        """
        if name not in self.namespace or name in NOT_THE_STUDENTS:
            return ["missing"]
        value = self.namespace[name]
        if isinstance(value, types.ModuleType):
            return ["module", value.__name__]
        if type(value) is types.FunctionType or type(value) is type:
            self.remembered[name] = value
            return ["remember", value]
        return ["found", value]

    def do_set(self, name: str, value: Any) -> None:
        self.namespace[name] = value

    def do_delete(self, name: str) -> None:
        del self.namespace[name]

    def do_call(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Answer:
        """Call; the answer's second part is what was printed, its third which arguments changed."""
        mutable = [
            (at, value, snapshot(value, self.peer.lend))
            for at, value in enumerate(args)
            if is_mutable(value)
        ]
        printed = io.StringIO()
        shown = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = printed
        try:
            value = function(*args, **kwargs)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            error._for_the_other_side = (  # type: ignore[attr-defined]
                printed.getvalue()[:PRINTED],
                where(error),
                *plain_exception(error)[:1],
            )
            raise
        finally:
            sys.stdout, sys.stderr = shown
        changed = [
            [at, value]
            for at, value, before in mutable
            if snapshot(value, self.peer.lend) != before
        ]
        return Answer(value, printed.getvalue()[:PRINTED], changed)

    def do_method(self, value: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Answer:
        """Call a method by its name, as `do_call`."""
        return self.do_call(getattr(value, name), args, kwargs)

    def do_getattr(self, value: Any, name: str) -> Any:
        found = getattr(value, name)
        # A method is a new object at each look; the checker had better keep the name.
        is_method = type(found) is types.MethodType and found.__self__ is value
        return Answer(None, "method") if is_method else found

    def do_bound(self, value: Any, name: str) -> Any:
        return getattr(value, name)

    def do_hasattr(self, value: Any, name: str) -> bool:
        return hasattr(value, name)

    def do_setattr(self, value: Any, name: str, new: Any) -> None:
        setattr(value, name, new)

    def do_delattr(self, value: Any, name: str) -> None:
        delattr(value, name)

    def do_getitem(self, value: Any, key: Any) -> Any:
        return value[key]

    def do_setitem(self, value: Any, key: Any, new: Any) -> None:
        value[key] = new

    def do_delitem(self, value: Any, key: Any) -> None:
        del value[key]

    def do_len(self, value: Any) -> int:
        return len(value)

    def do_iter(self, value: Any) -> Any:
        return iter(value)

    def do_next(self, value: Any) -> list[Any]:
        found = list(itertools.islice(value, 1))
        return [bool(found), found[0] if found else None]

    def do_operate(self, name: str, *operands: Any) -> Any:
        return OPERATORS[name](*operands)

    def do_isinstance(self, value: Any, kind: Any) -> bool:
        return isinstance(value, kind)

    def do_issubclass(self, value: Any, kind: Any) -> bool:
        return issubclass(value, kind)

    def do_describe(self, value: Any) -> list[Any]:
        """Return doc and parameters (name, kind, whether there is a default, the default)."""
        import inspect

        try:
            parameters = [
                [
                    p.name,
                    int(p.kind),
                    p.default is not p.empty,
                    p.default if p.default is not p.empty else None,
                ]
                for p in inspect.signature(value).parameters.values()
            ]
        except (TypeError, ValueError):
            parameters = []
        return [str(value.__doc__ or "")[:2000], parameters]


def snapshot(value: Any, lend: Export) -> bytes:
    """Return what shows whether an argument was changed."""
    return value.tobytes() if type(value).__name__ == "ndarray" else dump(value, lend)


def is_mutable(value: Any) -> bool:
    """Tell whether a test could see that a function has changed this argument."""
    return type(value) in MUTABLE or type(value).__name__ == "ndarray"


def where(error: BaseException) -> str:
    """Return the place in the student's code where an error arose."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "millwright_grader" not in frame.filename
    ]
    if not frames:
        return ""
    frame = frames[-1]
    return f"line {frame.lineno} of {frame.name}: {frame.line}"[:300]


_sides: dict[int, StudentSide] = {}


def serve(descriptor: int, namespace: dict[str, Any], epoch: int) -> None:
    """Serve the checker, on an inherited socket, for one of the author's cells."""
    side = _sides.get(descriptor)
    if side is None:
        side = _sides[descriptor] = StudentSide(socket.socket(fileno=descriptor), namespace)
    side.remembered.clear()
    side.peer.serve_until_done(epoch)
