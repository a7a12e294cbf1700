"""Namespaces: a second wall, where the machine lets an ordinary user build one.

Interface: namespaces(7), user_namespaces(7), network_namespaces(7). The process gets a network
without devices, message queues and shared memory of its own, and where it needs one for that, a
user namespace that knows its own user only. Nothing depends on it: Landlock and seccomp refuse the
same things. What it adds is that nothing of the machine's network is there to be looked at, and a
limit of threads (see `seal.limit`).

No PID namespace: it would hold for children, of which a sealed process has none.
"""

import ctypes
import os
from pathlib import Path

from .libc import LIBC

# linux/sched.h
CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC = 0x1000_0000, 0x4000_0000, 0x0800_0000

USER, NETWORK, IPC = "user", "net", "ipc"
ATTEMPTS: tuple[tuple[int, frozenset[str]], ...] = (
    (CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC, frozenset({USER, NETWORK, IPC})),
    # Root of a container that allows this, but no user namespace.
    (CLONE_NEWNET | CLONE_NEWIPC, frozenset({NETWORK, IPC})),
)


def separate() -> frozenset[str]:
    """Leave the machine's namespaces; return the kinds of those left, none where it is forbidden.

    The calling process has one thread and keeps its user and group.
    """
    user, group = os.geteuid(), os.getegid()
    for flags, kinds in ATTEMPTS:
        if LIBC.unshare(ctypes.c_int(flags)) == 0:
            if USER in kinds:
                _keep_identity(user, group)
            return kinds
    return frozenset()


def _keep_identity(user: int, group: int) -> None:
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        try:
            Path("/proc/self", name).write_text(text, encoding="ascii")
        except OSError:
            # It is shown as nobody then; what it may do is the same.
            return
