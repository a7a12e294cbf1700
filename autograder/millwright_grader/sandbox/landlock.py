"""Landlock: confine this process to some folders.

Interface: https://docs.kernel.org/userspace-api/landlock.html and include/uapi/linux/landlock.h.
Each version of the interface (ABI) can restrict more; what a machine does not know is left
out here and covered by seccomp (see there).
"""

import ctypes
import os
from collections.abc import Iterable

from .libc import LIBC

# arch/x86/entry/syscalls/syscall_64.tbl; the same numbers on every architecture.
SYS_CREATE_RULESET = 444
SYS_ADD_RULE = 445
SYS_RESTRICT_SELF = 446

CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38

EXECUTE = 1 << 0
WRITE_FILE = 1 << 1
READ_FILE = 1 << 2
READ_DIR = 1 << 3
REMOVE_DIR = 1 << 4
REMOVE_FILE = 1 << 5
MAKE_CHAR = 1 << 6
MAKE_DIR = 1 << 7
MAKE_REG = 1 << 8
MAKE_SOCK = 1 << 9
MAKE_FIFO = 1 << 10
MAKE_BLOCK = 1 << 11
MAKE_SYM = 1 << 12
REFER = 1 << 13  # since ABI 2
TRUNCATE = 1 << 14  # since ABI 3
IOCTL_DEV = 1 << 15  # since ABI 5

FS_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
NET_RIGHTS = 0b11  # bind and connect of TCP, since ABI 4
NET_ABI = 4
SCOPES = 0b11  # abstract UNIX sockets and signals to others, since ABI 6
SCOPE_ABI = 6

LOG_ABI = 7
LOG_SAME_EXEC_OFF = 1 << 0  # or student code could fill the machine's audit log

# What each version added, by the version that has it; before, seccomp stands alone against it.
LOSSES = (
    (2, "moving files between folders of different rights (refused altogether)"),
    (3, "emptying a file that may be read (truncate)"),
    (4, "TCP"),
    (5, "commands to devices (ioctl)"),
    (6, "abstract UNIX sockets, signals to other processes"),
    (7, "refusals are written to the machine's audit log"),
)

READ = READ_FILE | READ_DIR
# In a folder of its own: everything but devices, pipes and programs to start.
OWN = (
    READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER | TRUNCATE
)
# What may be said of a single file; the rest concerns folders.
OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV


class RulesetAttr(ctypes.Structure):
    """struct landlock_ruleset_attr."""

    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class PathBeneathAttr(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def _syscall(number: int, *arguments: object) -> int:
    result = int(LIBC.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def abi() -> int:
    """Return the version of Landlock that this machine offers, 0 where there is none."""
    try:
        return _syscall(
            SYS_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(CREATE_RULESET_VERSION)
        )
    except OSError:
        return 0


def fs_rights(version: int) -> int:
    """Return every file-system right that a version can restrict."""
    return FS_RIGHTS_BY_ABI[max(known for known in FS_RIGHTS_BY_ABI if known <= version)]


def restrict(rules: Iterable[tuple[str, int]]) -> None:
    """Confine the calling thread, and what it will start, to these paths for good.

    Parameters
    ----------
    rules
        Pairs of a path and the rights below it; a path that does not exist is left out, for nothing
        can be reached there.

    Raises
    ------
    OSError
        If the kernel has no Landlock, or refuses.
    """
    version = abi()
    if version == 0:
        raise OSError("this kernel has no Landlock")
    handled = fs_rights(version)
    attr = RulesetAttr(
        handled_access_fs=handled,
        handled_access_net=NET_RIGHTS if version >= NET_ABI else 0,
        scoped=SCOPES if version >= SCOPE_ABI else 0,
    )
    # An older kernel knows a shorter structure and refuses a longer one that is not zero.
    ruleset = _syscall(
        SYS_CREATE_RULESET,
        ctypes.byref(attr),
        ctypes.c_size_t(ctypes.sizeof(attr)),
        ctypes.c_uint32(0),
    )
    try:
        for path, rights in rules:
            _add(ruleset, path, rights & handled)
        if LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "no_new_privs was refused")
        flags = LOG_SAME_EXEC_OFF if version >= LOG_ABI else 0
        _syscall(SYS_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(flags))
    finally:
        os.close(ruleset)


def _add(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - as the rest of this file, without objects
            rights &= OF_A_FILE
        beneath = PathBeneathAttr(allowed_access=rights, parent_fd=descriptor)
        _syscall(
            SYS_ADD_RULE,
            ctypes.c_int(ruleset),
            ctypes.c_int(RULE_PATH_BENEATH),
            ctypes.byref(beneath),
            ctypes.c_uint32(0),
        )
    finally:
        os.close(descriptor)
