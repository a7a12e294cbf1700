"""One end of the line between a student's process and the checker.

Both ends work alike: a request goes out, and until its answer arrives, requests of the other side
are served, to any depth. So a test calls a student's function, to which it has given a function of
its own, which is called back.

Each cell of the author's is an epoch of its own. What was said in an earlier one, by a function
that was interrupted for example, is passed over.

An end keeps the objects that it has lent to the other; a reference is the number of such an object.
What the other side may do with it is decided by `serve`, which each side defines for itself.
"""

import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from .values import MESSAGE_BYTES, WireError, dump, load, plain_exception

LENGTH = struct.Struct("!Q")
LENT = 100_000  # objects; a loop that lends more has lost its way
NESTED = 100  # requests within requests


class LineClosedError(Exception):
    """The other side has ended."""


class OverdueError(Exception):
    """The other side did not answer in time."""


class Line:
    """Messages over a stream socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.deadline: float | None = None
        self._buffer = bytearray()

    def _patience(self) -> None:
        if self.deadline is None:
            self.sock.settimeout(None)
            return
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise OverdueError
        self.sock.settimeout(left)

    def send(self, data: bytes) -> None:
        """Send one message."""
        self._patience()
        try:
            self.sock.sendall(LENGTH.pack(len(data)) + data)
        except TimeoutError as error:
            raise OverdueError from error
        except OSError as error:
            raise LineClosedError from error

    def receive(self) -> bytes:
        """Return the next message."""
        (length,) = LENGTH.unpack(self._take(LENGTH.size))
        if length > MESSAGE_BYTES:
            raise WireError("a message is too large")
        return self._take(length)

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._patience()
            try:
                chunk = self.sock.recv(max(1 << 16, count - len(self._buffer)))
            except TimeoutError as error:
                raise OverdueError from error
            except OSError as error:
                raise LineClosedError from error
            if not chunk:
                raise LineClosedError
            self._buffer += chunk
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


class Peer:
    """One end; see the module.

    Parameters
    ----------
    line
        The messages' way.
    serve
        Called with the name of an operation and its arguments; returns the answer.
    stand_in
        Called with (number, kind, name) of an object of the other side; returns what stands for it.
    reference
        Called with an object; returns the number that it stands for, None where it is our own.
    """

    def __init__(
        self,
        line: Line,
        serve: Callable[[str, list[Any]], Any],
        stand_in: Callable[[int, str, str], Any],
        reference: Callable[[Any], int | None],
    ) -> None:
        self.line = line
        self._serve, self._stand_in, self._reference = serve, stand_in, reference
        self._lent: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._depth = 0
        self.epoch = 0

    def lend(self, value: Any) -> list[Any]:
        """Return the reference to a value that stays here."""
        number = self._reference(value)
        if number is not None:
            return ["YOURS", number]
        number = self._numbers.get(id(value))
        if number is None:
            if len(self._lent) >= LENT:
                raise WireError("too many objects are lent to the other side")
            number = len(self._lent)
            self._lent[number] = value
            self._numbers[id(value)] = number
        name = str(getattr(value, "__name__", type(value).__name__))[:200]
        return ["MINE", number, kind_of(value), name]

    def _resolve(self, tag: str, fields: list[Any]) -> Any:
        if tag == "YOURS" and len(fields) == 1 and type(fields[0]) is int:
            return self._lent[fields[0]]
        if tag == "MINE" and [type(field) for field in fields] == [int, str, str]:
            return self._stand_in(*fields)
        raise WireError("a message breaks the rules: an unknown reference")

    def _say(self, kind: str, *message: Any) -> None:
        self.line.send(dump([kind, self.epoch, *message], self.lend))

    def _hear(self) -> list[Any]:
        while True:
            message = load(self.line.receive(), self._resolve)
            if type(message) is not list or [type(part) for part in message[:2]] != [str, int]:
                raise WireError("a message breaks the rules: no message")
            kind, epoch, *rest = message
            if epoch == self.epoch:
                return [kind, *rest]

    def request(self, operation: str, *arguments: Any) -> list[Any]:
        """Ask the other side, serving it until it answers.

        Returns
        -------
        list
            The answer: `["value", ...]` or `["error", type name, text, ...]`.
        """
        self._say("ask", operation, *arguments)
        while True:
            message = self._hear()
            if message[0] == "ask":
                self._answer(message[1:])
            else:
                return message

    def serve_until_done(self, epoch: int) -> None:
        """Serve the requests of one epoch until the other side says that it has no more."""
        self.epoch = epoch
        while True:
            message = self._hear()
            if message[0] == "done":
                return
            self._answer(message[1:])

    def done(self) -> None:
        """Say that this epoch has no more requests."""
        self._say("done")

    def _answer(self, message: list[Any]) -> None:
        self._depth += 1
        try:
            if self._depth > NESTED:
                raise RecursionError("calls went back and forth too deep")
            operation, *arguments = message
            answer = self._serve(operation, arguments)
            answer = answer if type(answer) is Answer else Answer(answer)
            try:
                self._say("value", answer.value, *answer.more)
            except WireError as error:
                self._say("error", "ValueError", str(error), *answer.more)
        except (LineClosedError, OverdueError, KeyboardInterrupt):
            raise
        except BaseException as error:
            name, text = plain_exception(error)
            self._say("error", name, text, *getattr(error, "_for_the_other_side", ()))
        finally:
            self._depth -= 1


class Answer:
    """An answer with something beside its value."""

    def __init__(self, value: Any, *more: Any) -> None:
        self.value, self.more = value, more


def kind_of(value: Any) -> str:
    """Return what the other side needs to know of an object to stand in for it."""
    if isinstance(value, type):
        return "class"
    if hasattr(type(value), "__next__"):
        return "iterator"
    if type(value).__name__ in {"function", "builtin_function_or_method", "method", "ufunc"}:
        return "function"
    return "object"
