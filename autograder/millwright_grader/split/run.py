"""How both processes of a submission begin, in a fork of the warm parent.

Both inherit their end of the line as descriptor 3; the checker has its commands on 4.
"""

import contextlib
import json
import socket
from typing import Any

import zmq.utils.garbage

from ..sandbox import Policy, close_doors, enter
from .checker import Checker
from .peer import LineClosedError

LINE, COMMANDS = 3, 4

# What the student's kernel is asked to run while the checker runs a cell.
SERVE = (
    "__import__('millwright_grader.split.student', fromlist=['serve'])"
    f".serve({LINE}, get_ipython().user_ns, {{epoch}})"
)


def student(request: dict[str, Any]) -> None:
    """Become the student's kernel, sealed by the request's policy where there is one."""
    from ipykernel.iostream import IOPubThread
    from ipykernel.ipkernel import IPythonKernel
    from ipykernel.kernelapp import IPKernelApp

    # Loaded now, for the file system is about to close.
    from . import student as _  # noqa: F401

    class Kernel(IPythonKernel):
        """A kernel that has no processes to end, and may not look for them."""

        async def _progressively_terminate_all_children(self) -> None:
            return

    policy = request.get("policy")
    if policy:
        enter(Policy.from_dict(policy))
        # It would listen on TCP for output of subprocesses.
        IOPubThread._setup_pipe_in = lambda self: None  # type: ignore[method-assign]
        IPKernelApp.kernel_class = Kernel  # type: ignore[assignment]
    app = IPKernelApp.instance()
    app.initialize(request["argv"][1:])
    if policy:
        # It starts its thread with the first large message, a figure for example, and not later.
        zmq.utils.garbage.gc.start()
        close_doors()
    # `exit()` in a function under test is an error of that function, not the end of the kernel.
    assert app.shell is not None
    app.shell.ask_exit = leave
    app.start()


def leave() -> None:
    """Do what `exit()` does outside of IPython."""
    raise SystemExit


def checker(request: dict[str, Any]) -> None:
    """Become the checker: run the cells that are sent as JSON lines, answer with outputs."""
    line, commands = socket.socket(fileno=LINE), socket.socket(fileno=COMMANDS)
    if policy := request.get("policy"):
        enter(Policy.from_dict(policy))
        close_doors()
    checker = Checker(line, frozenset(request["students"]), request["modules"])
    with commands, commands.makefile("r", encoding="utf-8") as orders:
        for order in orders:
            cell = json.loads(order)
            try:
                outputs = checker.run(**cell)
                answer: dict[str, Any] = {"outputs": outputs, "overdue": checker.overdue}
            except LineClosedError:
                answer = {"gone": True}
            with contextlib.suppress(BrokenPipeError):
                commands.sendall(json.dumps(answer).encode() + b"\n")
