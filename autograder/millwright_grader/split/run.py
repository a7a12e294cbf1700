"""How both processes of a submission begin, in a fork of the warm parent.

Both inherit their end of the line as descriptor 3; the student's process has its orders on 4, the
checker its commands.
"""

import contextlib
import json
import socket
from typing import Any

from .. import sandbox
from ..sandbox import Policy, close_doors, enter
from .checker import Checker
from .peer import LineClosedError

LINE, ORDERS, COMMANDS = 3, 4, 4


def prepare() -> None:
    """Do once in the warm parent what each process would do again."""
    sandbox.prepare()


def student(request: dict[str, Any]) -> None:
    """Become the student's kernel, sealed by the request's policy where there is one."""
    import asyncio

    # Loaded now, for the file system is about to close.
    from .kernel import KernelApp, Wire, carry_out_orders

    orders = socket.socket(fileno=ORDERS)
    # It has a pair of sockets of its own, which there will be no more.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    if policy := request.get("policy"):
        enter(Policy.from_dict(policy))
    app = KernelApp.instance()
    app.wire = Wire(orders)
    # Input is kept in memory all the same; what is left out is the file of earlier sessions.
    app.config.HistoryManager.enabled = request["history"] != ":memory:"
    app.config.HistoryManager.hist_file = request["history"]
    app.initialize(request["argv"][1:])
    if policy:
        close_doors()
    # `exit()` in a function under test is an error of that function, not the end of the kernel.
    assert app.shell is not None
    app.shell.ask_exit = leave
    app.wire.send("status", {"execution_state": "starting"})
    loop.run_until_complete(carry_out_orders(app, orders, LINE))


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
