"""The owner's side of a warm parent: start it, ask it for kernels, end it."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import parent as parent_script

# A parent that imports the largest set on a busy machine takes some ten seconds.
START_SECONDS = 120.0
FORK_SECONDS = 30.0

# BLAS starts its threads at import, and a process with threads cannot be forked.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# A backend is chosen when pyplot is imported; kernels draw inline.
INLINE = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
# ipykernel reads at import who starts it: somebody, whose end it need not watch (the warm parent's
# end is its own, by the kernel's parent-death signal).
STARTED_BY_SOMEBODY = {"JPY_PARENT_PID": "1"}
# The debugger, imported but not used, would comment on the interpreter.
QUIET = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
KEPT = (
    *("PATH", "LD_LIBRARY_PATH", "HOME", "LANG", "LC_ALL", "TZ"),
    *("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"),
    # By which a hub finds what it has left behind; kernels show the parent's to the system.
    "MILLWRIGHT_MARKER",
)

# A parent that could not be started is left alone for so long before it is tried again.
REST_SECONDS = 60.0


class ParentError(Exception):
    """No warm parent could be had; the message says why."""


def interpreter_settings(env: Mapping[str, str]) -> dict[str, str]:
    """Return what Python itself reads from an environment when it starts, and never again."""
    return {name: value for name, value in env.items() if name.startswith("PYTHON")}


class ForkedProcess:
    """A kernel that a warm parent has forked, with the interface of `subprocess.Popen`.

    Its parent, not this process, is the one that the operating system tells of its end, so the
    status arrives over a channel. Closing the channel ends the kernel.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, channel: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._channel = channel

    def fileno(self) -> int:
        """Return a descriptor that is readable when the kernel has ended."""
        return self._channel.fileno()

    def poll(self) -> int | None:
        """Return the exit code, None while the kernel runs."""
        return self._receive(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code when the kernel has ended."""
        code = self._receive(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"kernel {self.pid}", timeout or 0.0)
        return code

    def _receive(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            # Not `select`, which knows the first 1024 descriptors only; a server has more.
            news = select.poll()
            news.register(self._channel, select.POLLIN)
            if news.poll(None if timeout is None else 1000 * timeout):
                data = self._channel.recv(parent_script.MESSAGE_BYTES)
                # A parent that dies takes its kernels along and can report none of them.
                self.returncode = (
                    os.waitstatus_to_exitcode(json.loads(data)["status"])
                    if data
                    else -signal.SIGKILL
                )
                self._channel.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel if it still runs."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the kernel."""
        self.send_signal(signal.SIGKILL)


@dataclass(frozen=True)
class _Launched:
    """A parent that imports what every kernel needs, and then what it has been told to."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    begun: frozenset[str] = frozenset()

    def end(self) -> None:
        self.control.close()
        self.process.kill()
        self.process.wait()


# Parents that were launched before it was known what they are to import: by process, interpreter.
_ahead: dict[tuple[int, str], _Launched] = {}


def _launch(python: str) -> _Launched:
    """Start a parent, which imports what every kernel needs and waits to be told the rest."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    settings = interpreter_settings(os.environ)
    try:
        process = subprocess.Popen(
            [python, str(Path(parent_script.__file__)), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=kept | settings | ONE_THREAD | INLINE | STARTED_BY_SOMEBODY | QUIET,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    return _Launched(process, ours)


def launch_ahead(python: str) -> None:
    """Launch a parent that the first `WarmParent` of this interpreter will take over.

    For a command that has much else to import first. Whether it works shows then.
    """
    with contextlib.suppress(OSError):
        _ahead[os.getpid(), python] = _launch(python)


def begin_ahead(python: str, imports: Sequence[str]) -> None:
    """Tell a parent that was launched ahead what it will be asked to import, as far as is known.

    Where that proves wrong, another parent is started in its place.
    """
    with contextlib.suppress(KeyError, OSError):
        launched = _ahead[os.getpid(), python]
        _ahead[os.getpid(), python] = replace(launched, begun=frozenset(imports))
        launched.control.send(json.dumps({"begin": list(imports)}).encode())


def _taken_over(python: str, imports: Sequence[str]) -> _Launched:
    """Return the parent that was launched ahead if it fits, else a new one."""
    ahead = _ahead.pop((os.getpid(), python), None)
    if ahead is not None and not ahead.begun <= set(imports):
        ahead.end()
        ahead = None
    return ahead or _launch(python)


class WarmParent:
    """One warm parent process.

    A process that this one forks may go on using its parent: requests are single messages, and
    each is answered on a channel of its own.

    Parameters
    ----------
    python
        The interpreter, as in a kernelspec's `argv[0]`.
    imports
        Modules that every kernel finds imported.
    """

    def __init__(self, python: str, imports: Sequence[str]) -> None:
        self.python = python
        self.imports = tuple(imports)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._starter = os.getpid()
        self._settings: dict[str, str] = {}
        self._failed_at = -REST_SECONDS

    @property
    def rests(self) -> bool:
        """Whether it could not be started a short while ago."""
        return time.monotonic() - self._failed_at < REST_SECONDS

    def suits(self, env: Mapping[str, str]) -> bool:
        """Whether a kernel with this environment would have Python start as the parent has."""
        settings = self._settings if self.pid else interpreter_settings(os.environ)
        return interpreter_settings(env) == settings

    @property
    def pid(self) -> int | None:
        """The parent's process id, None where it does not run."""
        if self._process is None or self._control is None:
            return None
        # Only the process that has started it is told of its end; everybody sees the line break.
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        broken = any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))
        return None if broken else self._process.pid

    def start(self) -> None:
        """Start the parent unless it runs; returns when it is warm.

        Raises
        ------
        ParentError
            If an import fails or starts threads, or if the interpreter cannot be run.
        """
        with self._lock:
            if self.pid is not None:
                return
            self._close()
            self._settings = interpreter_settings(os.environ)
            try:
                launched = _taken_over(self.python, self.imports)
            except OSError as error:
                self._failed_at = time.monotonic()
                raise ParentError(f"{self.python} cannot be started: {error}") from error
            self._process, self._control = launched.process, launched.control
            self._starter = os.getpid()
            ours = launched.control
            ours.settimeout(START_SECONDS)
            try:
                # One that has ended over what it had begun with takes no orders, but says why.
                with contextlib.suppress(BrokenPipeError):
                    ours.send(json.dumps({"imports": self.imports}).encode())
                try:
                    data = ours.recv(parent_script.MESSAGE_BYTES)
                except ConnectionResetError:  # it ended before it read that; told once
                    data = ours.recv(parent_script.MESSAGE_BYTES)
                answer = json.loads(data) if data else {"error": "it ended while importing"}
            except (OSError, ValueError) as error:
                answer = {"error": str(error)}
            if "error" in answer:
                self._failed_at = time.monotonic()
                self._close()
                raise ParentError(answer["error"])

    def fork(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: str,
        stdout: int | None = None,
        stderr: int | None = None,
        *,
        inherited: Sequence[int] = (),
        **more: Any,
    ) -> ForkedProcess:
        """Return a new kernel.

        Parameters
        ----------
        argv
            `ipykernel_launcher` and its arguments.
        env, cwd
            The kernel's environment and working folder, as of `subprocess.Popen`.
        stdout, stderr
            File descriptors; None is this process's own.
        inherited
            File descriptors that the kernel has as 3, 4 and so on.
        more
            Further members of the request: an `entry` and what it needs, as JSON can carry it.

        Raises
        ------
        ParentError
            If the parent does not answer.
        """
        request = {"argv": list(argv), "env": dict(env), "cwd": cwd, **more}
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(FORK_SECONDS)
        try:
            with self._lock, theirs:
                if self._control is None:
                    raise ParentError("the parent was not started")
                fds = [1 if stdout is None else stdout, 2 if stderr is None else stderr]
                fds += [theirs.fileno(), *inherited]
                socket.send_fds(self._control, [json.dumps(request).encode()], fds)
            data = ours.recv(parent_script.MESSAGE_BYTES)
            if not data:
                raise ParentError("the parent ended before it forked")
        except OSError as error:
            ours.close()
            raise ParentError(f"the parent does not answer: {error}") from error
        except ParentError:
            ours.close()
            raise
        ours.setblocking(True)
        return ForkedProcess(json.loads(data)["pid"], ours)

    def close(self) -> None:
        """End the parent and every kernel that it has forked."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None and self._starter == os.getpid():
            try:
                self._process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._control = self._process = None


_parents: dict[tuple[str, tuple[str, ...]], WarmParent] = {}
_parents_lock = threading.Lock()


def shared_parent(python: str, imports: Sequence[str]) -> WarmParent:
    """Return this process's parent for an interpreter and a set of imports."""
    key = (python, tuple(imports))
    with _parents_lock:
        return _parents.setdefault(key, WarmParent(*key))


def close_shared_parents() -> None:
    """End every parent of this process; the next kernel starts a new one."""
    with _parents_lock:
        for parent in _parents.values():
            parent.close()


@contextlib.contextmanager
def warm_parent(python: str, imports: Sequence[str]) -> Iterator[WarmParent]:
    """A parent for the time of a block."""
    parent = WarmParent(python, imports)
    try:
        parent.start()
        yield parent
    finally:
        parent.close()


def is_ipykernel(cmd: Sequence[str]) -> bool:
    """Tell whether a kernel command is one that a fork can stand in for."""
    return list(cmd[1:3]) == ["-m", "ipykernel_launcher"]


def forkable_arguments(kwargs: Mapping[str, Any]) -> bool:
    """Tell whether a launch asks for nothing that only a new process can have."""
    known = {"env", "cwd", "stdout", "stderr", "stdin", "independent", "kernel_id"}
    return set(kwargs) <= known | {"extra_arguments"}
