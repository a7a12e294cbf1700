"""The warm parent: a process that imports, then forks kernels on request.

Run as a script with the number of an inherited socket (AF_UNIX, SOCK_SEQPACKET) as its argument.
Messages are JSON objects.

1. The parent imports what every kernel needs. The owner sends `{"imports": [...]}`, before it
   `{"begin": [...]}` where it knows a part of them sooner. The parent imports them too, calls those
   that are functions, `"module:function"`, and answers `{"ready": true, "seconds": ...}`, or
   `{"error": "..."}` and ends.
2. The owner sends `{"argv": [...], "env": {...}, "cwd": "..."}` with three descriptors or more: the
   kernel's standard output, its standard error, a channel (a socket as above), and those that
   the kernel inherits as 3, 4 and so on. The parent answers on the channel `{"pid": ...}` and, when
   the kernel has ended, `{"status": ...}` as of `os.waitpid`. Where the request has an `"entry"`,
   `"module:function"`, the fork calls it with the request instead of becoming a kernel.
3. Where the owner closes a channel, the parent kills that kernel's process group. Where it closes
   the control socket, the parent ends, and with it every kernel.

This file imports nothing of the package, so that the parent stays as small as what it imports.
"""

import contextlib
import ctypes
import functools
import gc
import importlib
import importlib.util
import json
import os
import random
import selectors
import signal
import socket
import sys
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MESSAGE_BYTES = 1 << 20
DESCRIPTORS = 8
PR_SET_PDEATHSIG = 1  # linux/prctl.h

# What a kernel imports itself while it starts; without these here, each kernel would. One is left
# out: matplotlib_inline finds the shell that it draws into when it is imported.
KERNEL_MODULES = [
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "ipykernel.comm",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.magics.namespace",
    "IPython.core.oinspect",
    "IPython.core.pylabtools",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    # In the optional parts of IPython and jupyter_client: history, addresses, tracebacks.
    "sqlite3",
    "psutil",
    "stack_data",
    "pygments.formatters.html",
    "pygments.formatters.terminal256",
    "pygments.lexers.python",
    "pygments.styles.default",
]

# Opened here once, for in a fork it takes a look at every library.
LIBC = ctypes.CDLL(None, use_errno=True)

# As this process found it.
ENVIRONMENT = dict(os.environ)

# What comes with a package's first result, however little of the package a course has named.
FIRST_USE = {
    "matplotlib": ["matplotlib.backends.backend_agg", "importlib.resources.readers"],
    "pandas": ["pandas.io.formats.html", "pandas.io.formats.string", "encodings.utf_8_sig"],
}


@dataclass(frozen=True)
class Kernel:
    """A kernel that is alive: `ended` becomes readable when it is no more."""

    pid: int
    channel: socket.socket
    ended: int


def warm_up(modules: list[str]) -> None:
    """Import the rest, then leave the collector nothing to touch in shared pages."""
    import_all(modules)
    for package, more in FIRST_USE.items():
        if package in sys.modules:
            import_all(more)
    # What is imported stays, and is no garbage to look for after the drawing.
    gc.freeze()
    # It saves time only; what fails here fails in the kernel that needs it.
    with contextlib.suppress(Exception):
        draw_once()
    threads = list(Path("/proc/self/task").iterdir())
    if len(threads) > 1:
        raise RuntimeError(
            f"{len(threads) - 1} threads were started by importing {', '.join(modules)}; "
            "a process with threads cannot be forked safely: leave out the module that starts them"
        )
    gather_names_of_modules()
    gc.collect()
    gc.freeze()
    gc.enable()


def import_kernel() -> None:
    """Import what every kernel needs; called before courses' imports."""
    import_all(KERNEL_MODULES)
    tell_the_debugger_what_is_the_kernels_own()


def import_all(names: list[str]) -> None:
    """Import each; what is not installed cannot be used either, so that no kernel will miss it."""
    for entry in names:
        name, _, function = entry.partition(":")
        try:
            module = importlib.import_module(name)
            if function:
                getattr(module, function)()
        except ModuleNotFoundError as error:
            if name != error.name and not name.startswith(f"{error.name}."):
                raise


class KernelsOwn:
    """A module as far as ipykernel's list for the debugger goes."""

    __slots__ = ("__file__",)

    def __init__(self, file: str) -> None:
        self.__file__ = file


def tell_the_debugger_what_is_the_kernels_own() -> None:
    """Fix the list of modules that the debugger steps over; called before courses' imports.

    A kernel takes all that is loaded when it starts for its own. Here that would be NumPy and
    the course's packages too, which could then not be debugged. And it would touch each of
    thousands of modules, which unshares 15 MB of each kernel.
    """
    from ipykernel import ipkernel

    own = types.ModuleType("sys")
    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    vars(own).update(vars(sys))
    own.modules = {  # type: ignore[attr-defined]
        copy(name): KernelsOwn(copy(file)) for name, file in files.items() if file
    }
    ipkernel.sys = own


def copy(text: str) -> str:
    """Return an equal string that lies beside the last one made; the original lies anywhere."""
    return text.encode(errors="surrogateescape").decode(errors="surrogateescape")


def gather_names_of_modules() -> None:
    """Put them on few pages: each kernel keeps a list of them, which unshares where they lie."""
    modules = {copy(name): module for name, module in sys.modules.items()}
    sys.modules.clear()
    sys.modules.update(modules)


def draw_once() -> None:
    """Draw a figure as kernels do, for what matplotlib loads and builds with its first one."""
    if "matplotlib" not in sys.modules:
        return
    import matplotlib.style
    from IPython.core.pylabtools import print_figure
    from matplotlib.figure import Figure

    # Not the user's style, which may call a typesetter.
    with matplotlib.style.context("default"):
        figure = Figure()
        axes = figure.subplots()
        axes.plot([0, 1], label="$x_1$")
        axes.legend()
        print_figure(figure)
    del figure, axes
    # Cached fonts are open files, and a fork closes what its parent has open. Where they were
    # found may be kept.
    for cache in caches_of("matplotlib"):
        if "findfont" not in cache.__qualname__:
            cache.cache_clear()


def caches_of(package: str) -> Iterator[Any]:
    """Find the caches of a package's functions and methods."""
    cached = type(functools.lru_cache(draw_once))
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package:
            for value in list(vars(module).values()):
                parts = vars(value).values() if isinstance(value, type) else [value]
                yield from (part for part in list(parts) if isinstance(part, cached))


def send(to: socket.socket, message: dict[str, Any]) -> None:
    """Send one message; a receiver that is gone needs none."""
    try:
        to.send(json.dumps(message).encode())
    except OSError:
        return


def serve(control: socket.socket) -> dict[str, Any] | None:
    """Fork kernels until the owner is gone.

    Returns
    -------
    dict or None
        In a fork: what kernel to become. In the parent, at the end: None.
    """
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            kernel: Kernel | None = key.data
            if kernel is None:
                data, descriptors, _, _ = socket.recv_fds(control, MESSAGE_BYTES, DESCRIPTORS)
                if not data:
                    return None
                output, error, channel, *inherited = descriptors
                pid = os.fork()
                if pid == 0:
                    # Objects close their descriptor when they are forgotten, whoever has it then.
                    for registered in list(selector.get_map().values()):
                        if isinstance(registered.fileobj, socket.socket):
                            registered.fileobj.close()
                    selector.close()
                    take_over([output, error, *inherited])
                    request: dict[str, Any] = json.loads(data)
                    return request
                for descriptor in (output, error, *inherited):
                    os.close(descriptor)
                kernel = Kernel(pid, socket.socket(fileno=channel), os.pidfd_open(pid))
                selector.register(kernel.ended, selectors.EVENT_READ, kernel)
                selector.register(kernel.channel, selectors.EVENT_READ, kernel)
                send(kernel.channel, {"pid": pid})
            elif key.fd == kernel.ended:
                _, status = os.waitpid(kernel.pid, 0)
                # What it has started in its process group goes with it.
                kill_group(kernel.pid)
                send(kernel.channel, {"status": status})
                selector.unregister(kernel.ended)
                os.close(kernel.ended)
                if kernel.channel.fileno() in selector.get_map():
                    selector.unregister(kernel.channel)
                kernel.channel.close()
            elif kernel.channel.fileno() in selector.get_map():
                # The owner sends nothing on a channel: readable means closed.
                selector.unregister(kernel.channel)
                kill_group(kernel.pid)


def take_over(descriptors: list[int]) -> None:
    """Let these be 1, 2, 3 and so on, and close every other.

    The others belong to the parent or to another kernel.
    """
    limit = os.sysconf("SC_OPEN_MAX")
    beyond = max(descriptors) + 1
    for at, descriptor in enumerate(descriptors):
        os.dup2(descriptor, beyond + at)
    for at in range(len(descriptors)):
        os.dup2(beyond + at, 1 + at, inheritable=False)
    os.closerange(1 + len(descriptors), limit)


def kill_group(leader: int) -> None:
    """Kill a kernel's process group, whoever of it is left."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def become_kernel(request: dict[str, Any], parent: int) -> None:
    """Turn this fork into the kernel that was asked for; returns when the kernel has ended."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return  # the parent died between fork and prctl
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    backend = os.environ.get("MPLBACKEND")
    # What imports have set, they would have set in this kernel too.
    set_by_imports = {k: v for k, v in os.environ.items() if k not in ENVIRONMENT}
    os.environ.clear()
    os.environ.update(set_by_imports | request["env"])
    time.tzset()
    os.chdir(request["cwd"])
    sys.argv = request["argv"]
    adopt_matplotlib_settings(backend)
    reseed()
    if entry := request.get("entry"):
        module, _, function = entry.partition(":")
        getattr(importlib.import_module(module), function)(request)
        return

    from ipykernel.kernelapp import IPKernelApp

    if launcher := importlib.util.find_spec("ipykernel_launcher"):
        sys.argv[0] = str(launcher.origin)
    IPKernelApp.launch_instance(argv=request["argv"][1:])


def adopt_matplotlib_settings(backend_before: str | None) -> None:
    """Take over what matplotlib reads at its import: the backend, a matplotlibrc in the folder."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None:
        return
    if Path("matplotlibrc").is_file():
        matplotlib.rc_file("matplotlibrc")
    if (backend := os.environ.get("MPLBACKEND")) and backend != backend_before:
        matplotlib.rcParams["backend"] = backend


def reseed() -> None:
    """Give this fork random numbers of its own; all forks share the parent's state otherwise."""
    random.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()


def main() -> None:
    """Run the parent until its owner is gone; in each fork, run a kernel."""
    control = socket.socket(fileno=int(sys.argv[1]))
    # The folder of this script stands first in the path and is no place to import from.
    del sys.path[0]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner, who then closes
    parent = os.getpid()
    began = time.monotonic()
    gc.disable()  # while all that is made is there to stay
    try:
        import_kernel()
        while "imports" not in (order := json.loads(control.recv(MESSAGE_BYTES) or "{}")):
            if "begin" not in order:
                return  # launched in vain
            import_all(order["begin"])
        warm_up(order["imports"])
    except Exception as error:
        send(control, {"error": f"{type(error).__name__}: {error}"})
        return
    send(control, {"ready": True, "seconds": time.monotonic() - began})
    request = serve(control)
    if request is not None:
        become_kernel(request, parent)


if __name__ == "__main__":
    main()
