"""Put the seal on, in two steps."""

import ctypes
import os
import resource
import sys
import sysconfig
from pathlib import Path

from . import landlock, seccomp
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


class SealError(Exception):
    """The seal could not be put on; the message says what is missing."""


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


def python_folders() -> set[str]:
    """Return what this interpreter imports from, without the working folder."""
    here = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    here |= {entry for entry in sys.path if entry and Path(entry).resolve() != Path.cwd()}
    # Packages that are installed where they are developed stand elsewhere.
    for module in list(sys.modules.values()):
        for folder in getattr(module, "__path__", None) or ():
            if isinstance(folder, str) and "." not in module.__name__:
                here.add(folder)
        # setuptools names the folders of such packages to an import hook.
        if module.__name__.startswith("__editable__"):
            here |= set(getattr(module, "MAPPING", {}).values())
    return {folder for folder in here if Path(folder).exists() and Path(folder) != Path("/")}


def enter(policy: Policy) -> None:
    """First step: capabilities, limits, file system. Call it while there is one thread.

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
    if policy.sockets:
        rules += [(policy.sockets, landlock.OWN | landlock.MAKE_SOCK)]
    try:
        drop_capabilities()
        limit(policy)
        landlock.restrict(rules)
    except (OSError, ValueError) as error:
        raise SealError(f"the sandbox could not be entered: {error}") from error


def close_doors() -> None:
    """Second step: system calls. Call it when sockets are bound and before student code runs.

    Raises
    ------
    SealError
        If the kernel refuses.
    """
    try:
        seccomp.install()
    except OSError as error:
        raise SealError(f"the sandbox could not be closed: {error}") from error


def limit(policy: Policy) -> None:
    """Set the resource limits; hard ones, so that they cannot be raised again."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    memory = pages * resource.getpagesize() + policy.memory_bytes
    for what, value in (
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
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(header, nothing):
        raise OSError(ctypes.get_errno(), "capabilities could not be dropped")
