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
TIMEVAL = struct.Struct("@ll")
CHUNK, LARGE_CHUNK = 1 << 16, 1 << 20  # bytes asked of the system at once
LENT = 100_000  # objects; a loop that lends more has lost its way
NESTED = 100  # requests within requests


class LineClosedError(Exception):
    """The other side has ended."""


class OverdueError(Exception):
    """The other side did not answer in time."""


class Line:
    """Messages over a stream socket.

    The system keeps the time, so that waiting costs no further call: a socket with a timeout of
    Python's own is asked before each message whether there is one.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.setblocking(True)
        self._deadline = float("inf")
        self._patience = 0.0  # what the system was told last, s
        self._buffer = b""

    def limit(self, seconds: float) -> None:
        """Give up with `OverdueError` when this time is over."""
        self._deadline = time.monotonic() + seconds
        self._tell(seconds)

    def _tell(self, seconds: float) -> None:
        self._patience = seconds
        # A struct timeval (socket(7)); zero would mean to wait for ever.
        whole = int(seconds)
        value = TIMEVAL.pack(whole, max(1000, int(1e6 * (seconds - whole))))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)

    def _look_at_the_clock(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise OverdueError
        if left < self._patience / 2:
            self._tell(left)

    def send(self, data: bytes) -> None:
        """Send one message."""
        self._look_at_the_clock()
        try:
            self.sock.sendall(LENGTH.pack(len(data)) + data)
        except BlockingIOError as error:
            raise OverdueError from error
        except OSError as error:
            raise LineClosedError from error

    def receive(self) -> bytes:
        """Return the next message."""
        data = self._buffer or self._more(CHUNK)
        while len(data) < LENGTH.size:
            data += self._more(CHUNK)
        (length,) = LENGTH.unpack_from(data)
        if length > MESSAGE_BYTES:
            raise WireError("a message is too large")
        end = LENGTH.size + length
        if len(data) < end:
            parts, have = [data], len(data)
            while have < end:
                parts.append(self._more(LARGE_CHUNK))
                have += len(parts[-1])
            data = b"".join(parts)
        self._buffer = data[end:]
        return data[LENGTH.size : end]

    def _more(self, count: int) -> bytes:
        while True:
            self._look_at_the_clock()
            try:
                chunk = self.sock.recv(count)
            except BlockingIOError:
                continue
            except OSError as error:
                raise LineClosedError from error
            if not chunk:
                raise LineClosedError
            return chunk


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
    told
        Called with what the other side says beside its answers.
    """

    def __init__(
        self,
        line: Line,
        serve: Callable[[str, list[Any]], Any],
        stand_in: Callable[[int, str, str], Any],
        reference: Callable[[Any], int | None],
        told: Callable[[list[Any]], None] | None = None,
    ) -> None:
        self.line = line
        self._told = told
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

    def is_lent(self, value: Any) -> bool:
        """Tell whether a value is an object of ours that the other side holds."""
        number = self._numbers.get(id(value))
        return number is not None and self._lent[number] is value

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
            if (
                type(message) is not list
                or len(message) < 2
                or type(message[0]) is not str
                or type(message[1]) is not int
            ):
                raise WireError("a message breaks the rules: no message")
            if message.pop(1) == self.epoch:
                return message

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
            elif message[0] == "told" and self._told is not None:
                self._told(message[1:])
            else:
                return message

    def tell(self, *message: Any) -> None:
        """Say something that is no answer and asks for none."""
        self._say("told", *message)

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
