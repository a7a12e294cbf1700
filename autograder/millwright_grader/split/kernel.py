"""The student's process: an IPython kernel whose channels are one inherited socket.

What cells do in it is what they do in every IPython kernel, for it is ipykernel's own, shell,
display and matplotlib included. Left out are ZeroMQ, its threads and files, which cost a graded
notebook more than most of its cells do. Orders arrive as frames and are carried out one by one:

- ``{"order": n, "code": ..., "store_history": ...}`` runs a cell;
- ``{"order": n, "serve": epoch}`` serves the checker (`student.serve`) until it is done.

Everything that the kernel publishes goes back as ``[kind, content]``, in Jupyter's messaging
protocol's kinds; ``["execute_reply", {"order": n, ...}]`` ends an order.
"""

import asyncio
import io
import os
import signal
import socket
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import ipykernel.debugger
from ipykernel.ipkernel import IPythonKernel
from ipykernel.jsonutil import json_clean
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import Session

from . import student
from .frames import Frames, pack

# Characters and seconds of printing that are kept back, so that each line is no message.
HELD, HELD_SECONDS = 1 << 13, 0.1
ORDER_BYTES = 64 << 20


class Wire:
    """The way back to the grader; any thread may send."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lock = threading.Lock()
        self._process = os.getpid()

    def send(self, kind: str, content: dict[str, Any]) -> None:
        """Send one message, whole."""
        if os.getpid() == self._process:  # a fork of student code has no part in it
            data = pack([kind, content])
            with self._lock:
                self._sock.sendall(data)


class WireSession(Session):
    """A session that sends what ipykernel publishes over the wire."""

    wire: Wire

    def send(self, stream: Any, msg_or_type: Any, content: Any = None, *_: Any, **__: Any) -> Any:
        """Send a message, of which kind and content are kept; called by ipykernel."""
        if isinstance(msg_or_type, str):
            kind, said = msg_or_type, content or {}
        else:
            kind, said = msg_or_type["header"]["msg_type"], msg_or_type["content"]
        self.wire.send(kind, json_clean(said))
        return {"header": {"msg_type": kind}, "content": said}


class Printed(io.TextIOBase):
    """Standard output or error of a kernel."""

    encoding = "UTF-8"
    errors = "strict"

    def __init__(self, wire: Wire, name: str) -> None:
        self._wire, self.name = wire, name
        self._lock = threading.RLock()
        self._held: list[str] = []
        self._size = 0
        self._since = 0.0

    def writable(self) -> bool:
        """Tell that one can write."""
        return True

    def write(self, text: str) -> int:
        """Keep a text, and send what is kept where that is much or long ago."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        with self._lock:
            now = time.monotonic()
            if not self._held:
                self._since = now
            self._held.append(text)
            self._size += len(text)
            if self._size > HELD or now - self._since > HELD_SECONDS:
                self.flush()
        return len(text)

    def flush(self) -> None:
        """Send what is kept."""
        with self._lock:
            text, self._held, self._size = "".join(self._held), [], 0
            if text:
                self._wire.send("stream", {"name": self.name, "text": text})


class Kernel(IPythonKernel):
    """A kernel that has no processes to end, and may not look for them."""

    async def _progressively_terminate_all_children(self) -> None:
        return


class KernelApp(IPKernelApp):
    """ipykernel's application around such a kernel."""

    wire: Wire

    def _nothing(self, *_: Any, **__: Any) -> None:
        return

    # There is nothing to connect to.
    init_connection_file = init_poller = init_sockets = init_heartbeat = _nothing
    write_connection_file = log_connection_info = _nothing

    def parse_command_line(self, argv: Any = None) -> None:
        """Read arguments; making ready to read none takes longer than most cells."""
        if argv:
            super().parse_command_line(argv)

    def init_io(self) -> None:
        """Redirect what is printed and shown."""
        self.session = WireSession()
        self.session.wire = self.wire
        self.outstream_class = None  # type: ignore[assignment]
        sys.stdout, sys.stderr = Printed(self.wire, "stdout"), Printed(self.wire, "stderr")
        self.iopub_socket = self.wire
        super().init_io()

    def init_kernel(self) -> None:
        """Make the kernel."""
        ipykernel.debugger._is_debugpy_available = False
        self.kernel = kernel = Kernel.instance(
            parent=self,
            session=self.session,
            iopub_socket=self.wire,
            # ipykernel asks it which thread runs the cells.
            shell_channel_thread=SimpleNamespace(parent_thread=threading.current_thread()),
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        self.displayhook.get_execution_count = lambda: kernel.execution_count


async def carry_out_orders(app: KernelApp, sock: socket.socket, line: int) -> None:
    """Run cells and serve the checker until the grader is gone."""
    kernel, wire = app.kernel, app.wire
    loop = asyncio.get_running_loop()
    frames = Frames(sock, ORDER_BYTES)
    # A function under test may ask for input as little as a cell may.
    kernel._forward_input(False)
    while not frames.ended:
        # Tasks that cells have left go on meanwhile.
        arrived = loop.create_future()
        loop.add_reader(sock, set_done, arrived)
        await arrived
        loop.remove_reader(sock)
        frames.read()
        while (order := frames.take()) is not None:
            reply = await carry_out(kernel, order, line)
            sys.stdout.flush()
            sys.stderr.flush()
            wire.send("execute_reply", json_clean(reply) | {"order": order["order"]})


def set_done(future: asyncio.Future[None]) -> None:
    """Let whoever waits go on; the event loop may call this again before it does."""
    if not future.done():
        future.set_result(None)


async def carry_out(kernel: Kernel, order: dict[str, Any], line: int) -> dict[str, Any]:
    """Carry out one order, which SIGINT interrupts; return the reply."""
    assert kernel.shell is not None
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if "serve" in order:
            try:
                student.serve(line, kernel.shell.user_ns, order["serve"])
            finally:
                close_figures()
            return {"status": "ok"}
        return dict(
            await kernel.do_execute(order["code"], False, order["store_history"], None, False)
        )
    except (Exception, KeyboardInterrupt) as error:
        name = type(error).__name__
        return {"status": "error", "ename": name, "evalue": str(error), "traceback": [name]}
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def close_figures() -> None:
    """Forget figures that a function under test has left, which the next cell would show."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
