"""Put the seal on, in two steps."""

import ctypes
import functools
import os
import re
import resource
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from . import landlock, namespaces, seccomp
from .libc import LIBC
from .policy import Policy

# Libraries, fonts and time zones; what a program reads when it draws a figure or writes a date.
SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"),
    *("/usr/share/fonts", "/usr/local/share/fonts", "/etc/fonts", "/usr/share/fontconfig"),
    *("/usr/share/zoneinfo", "/etc/localtime", "/etc/timezone", "/etc/ld.so.cache"),
    *("/usr/share/locale", "/usr/lib/locale", "/etc/locale.alias"),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system/cpu"),
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

_LINUX_CAPABILITY_VERSION_3 = 0x20080522
# From here on RLIMIT_NPROC counts within a user namespace, before it counted the user everywhere.
_COUNTS_IN_NAMESPACE = (5, 14)


class SealError(Exception):
    """The seal could not be put on; the message says what is missing."""


@dataclass(frozen=True)
class Capabilities:
    """What this machine offers.

    Attributes
    ----------
    landlock : int
        Version of Landlock's interface, 0: none.
    seccomp : bool
        Whether system calls can be filtered, and are known for this architecture.
    namespaces : frozenset of str
        Kinds of namespaces that a process may leave; `namespaces.USER` and so on.
    """

    landlock: int
    seccomp: bool
    namespaces: frozenset[str]


def capabilities() -> Capabilities:
    """Return what this machine offers. It tries in a child; call it where there is one thread."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    found = sorted(set().union(*(kinds for _, kinds in namespaces.ATTEMPTS)))
    child = os.fork()
    if child == 0:
        left = namespaces.separate()
        os._exit(sum(1 << at for at, kind in enumerate(found) if kind in left))
    bits = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Capabilities(
        landlock.abi(),
        seccomp.architecture() is not None and "Seccomp:" in status,
        frozenset(kind for at, kind in enumerate(found) if bits >= 0 and bits >> at & 1),
    )


def missing() -> str | None:
    """Return one line that says what this machine cannot do, None where it can do everything."""
    if sys.platform != "linux":
        return "the sandbox needs Linux (5.13 or newer)"
    if landlock.abi() == 0:
        return (
            "the sandbox needs Landlock: Linux 5.13 or newer, with `landlock` among the security "
            "modules that it starts with (lsm=…), and not forbidden by a container's own filter"
        )
    if seccomp.architecture() is None:
        return "the sandbox knows the system calls of x86_64 and aarch64 only"
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    if "Seccomp:" not in status:
        return "the sandbox needs seccomp filters: a Linux built with CONFIG_SECCOMP_FILTER"
    return None


@functools.cache
def import_folders() -> dict[str, str]:
    """Return what this interpreter imports from, by absolute path, and where each really is.

    It is asked for once: a look at every module costs a fork as much as most cells of a notebook,
    for each module lies on a page of its own. What is imported later from elsewhere is not seen.
    """
    here = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    here |= {entry for entry in sys.path if os.path.isabs(entry)}  # noqa: PTH117
    # Packages that are installed where they are developed stand elsewhere.
    for name, module in list(sys.modules.items()):
        if "." not in name:
            folders = getattr(module, "__path__", None) or ()
            here |= {folder for folder in folders if isinstance(folder, str)}
            # setuptools names the folders of such packages to an import hook.
            if name.startswith("__editable__"):
                here |= set(getattr(module, "MAPPING", {}).values())
    return {folder: os.path.realpath(folder) for folder in here - {"/"}}


def python_folders() -> set[str]:
    """Return what this interpreter imports from, without the working folder."""
    working = os.path.realpath(".")
    here = [folder for folder, real in import_folders().items() if real != working]
    outermost: set[str] = set()
    for folder in sorted(here, key=len):
        if not any(folder.startswith(f"{outer}/") for outer in outermost):
            outermost.add(folder)
    return outermost


def prepare() -> None:
    """Find out what `enter` needs, for every fork of this process."""
    import_folders()


def enter(policy: Policy) -> None:
    """First step: namespaces, capabilities, limits, files. Call it while there is one thread.

    Raises
    ------
    SealError
        If there are more threads, or if the kernel refuses.
    """
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise SealError(f"the process has {threads} threads; those made earlier stay unconfined")
    if reason := missing():
        raise SealError(reason)
    rules = [(path, landlock.READ | landlock.EXECUTE) for path in sorted(python_folders())]
    rules += [(path, landlock.READ | landlock.EXECUTE) for path in SYSTEM]
    rules += [(path, landlock.READ) for path in policy.readable]
    rules += [(path, landlock.READ_FILE | landlock.WRITE_FILE) for path in DEVICES]
    rules += [(f"/proc/{os.getpid()}", landlock.READ)]
    rules += [(path, landlock.OWN) for path in policy.own]
    try:
        left = namespaces.separate()
        drop_capabilities()
        limit(policy, threads=namespaces.USER in left)
        landlock.restrict(rules)
    except (OSError, ValueError) as error:
        raise SealError(f"the sandbox could not be entered: {error}") from error


def close_doors() -> None:
    """Second step: system calls. Call it before student code runs.

    Raises
    ------
    SealError
        If the kernel refuses.
    """
    try:
        seccomp.install()
    except OSError as error:
        raise SealError(f"the sandbox could not be closed: {error}") from error


def limit(policy: Policy, threads: bool = False) -> None:
    """Set the resource limits; hard ones, so that they cannot be raised again.

    Parameters
    ----------
    policy
        What to set.
    threads
        Whether threads are counted for this process alone; the system counts them for each user,
        of a user namespace where there is one. It does not count root's.
    """
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    memory = pages * resource.getpagesize() + policy.memory_bytes
    release = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
    for what, value in (
        *(
            [(resource.RLIMIT_NPROC, policy.threads)]
            if threads and release >= _COUNTS_IN_NAMESPACE
            else []
        ),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, policy.cpu_seconds),
        (resource.RLIMIT_FSIZE, policy.file_bytes),
        (resource.RLIMIT_NOFILE, policy.open_files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        _, hard = resource.getrlimit(what)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (value, value))


def drop_capabilities() -> None:
    """Give up every privilege that root has beyond its files."""
    header = (ctypes.c_uint32 * 2)(_LINUX_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if LIBC.capset(header, nothing):
        raise OSError(ctypes.get_errno(), "capabilities could not be dropped")
