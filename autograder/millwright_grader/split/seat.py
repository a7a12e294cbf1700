"""The grader's side of a student's process, see `kernel`.

Nothing that arrives is trusted: messages have the form that `messages.content` leaves them, their
size and number in memory are bounded, and every wait ends.
"""

import contextlib
import queue
import select
import signal
import socket
import subprocess
import time
from typing import Any

from nbclient.exceptions import DeadKernelError

from millwright_grader.messages import MESSAGE_BYTES, NONE, StuckError, content, message
from millwright_grader.warm.owner import ForkedProcess

from .frames import FrameError, Frames, pack

# A process that takes no orders any more; so long it is waited for.
SEND_SECONDS = 5.0
KILL_SECONDS = 2.0


class Seat:
    """One student's process and the way to it.

    Parameters
    ----------
    process
    sock
        This side's end of the socket that the process has inherited.
    """

    def __init__(self, process: ForkedProcess, sock: socket.socket) -> None:
        self.process, self.sock = process, sock
        self._frames = Frames(sock, MESSAGE_BYTES)
        self._order = 0
        self._open: int | None = None  # the order that is being carried out

    @property
    def is_busy(self) -> bool:
        """Whether the last order was not answered yet."""
        return self._open is not None

    def is_alive(self) -> bool:
        """Tell whether the process runs and its way is open."""
        return not self._frames.ended and self.process.poll() is None

    def order(self, **order: Any) -> None:
        """Give an order.

        Raises
        ------
        StuckError, DeadKernelError
        """
        self._order += 1
        self._open = self._order
        self.sock.settimeout(SEND_SECONDS)
        try:
            self.sock.sendall(pack({"order": self._order, **order}))
        except TimeoutError:
            raise StuckError from None
        except OSError:
            raise DeadKernelError("the Python process ended") from None
        finally:
            self.sock.settimeout(None)

    def next(self, seconds: float) -> dict[str, Any]:
        """Return the next message of the order that is being carried out.

        Its reply, of the type ``execute_reply``, is the last.

        Raises
        ------
        queue.Empty
            If none arrives in time.
        DeadKernelError
        """
        limit = time.monotonic() + seconds
        while True:
            try:
                frame = self._frames.take()
            except FrameError as error:
                self.process.kill()
                raise DeadKernelError(str(error)) from error
            if frame is not None:
                told = self._message(frame)
                if told["msg_type"] != NONE:
                    return told
            elif self._frames.ended:
                self.process.kill()
                raise DeadKernelError("the Python process ended")
            elif not is_readable(self.sock, limit - time.monotonic()):
                raise queue.Empty
            else:
                self._frames.read()

    def _message(self, frame: Any) -> dict[str, Any]:
        try:
            kind, said = frame
            if kind == "execute_reply":
                if said["order"] != self._open:
                    raise ValueError("the reply to another order")
                self._open = None
            return message(kind, content(kind, said), header={"msg_type": kind})
        except Exception:
            # What the bytes break in there is the fault of the bytes.
            return message(NONE, {})

    def wait_until_free(self, seconds: float) -> bool:
        """Pass over what the process says until it is free; return whether it is in time."""
        limit = time.monotonic() + seconds
        while self.is_busy:
            try:
                self.next(limit - time.monotonic())
            except queue.Empty:
                return False
        return True

    def interrupt(self) -> None:
        """Interrupt what is being carried out."""
        self.process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """End the process, which writes nothing any more when this returns."""
        self.sock.close()
        self.process.kill()
        # One that the system cannot end is not waited for.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=KILL_SECONDS)


def is_readable(sock: socket.socket, seconds: float) -> bool:
    """Wait until there is something to read, or the other side has gone; return whether so."""
    # Not `select`, which knows the first 1024 descriptors only.
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(max(0.0, 1000 * seconds)))
