"""Look after a sealed process: what it writes in all, and how many threads it has.

The system's own limits hold for each file, and count threads for each user. These two are counted
here, a few times a second; whoever goes beyond is killed.
"""

import contextlib
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType

from .policy import MIB, Policy

EVERY_SECONDS = 0.25
# A look at many files takes longer; it is repeated so seldom that it costs one per cent at most.
REST = 100.0
LONGEST = 1000  # characters of a path; the system takes 4095 bytes


class Watch:
    """Kill a process that goes beyond its policy; used around its life.

    Parameters
    ----------
    pid
        The process.
    policy
        Its `own` folders are counted, and files that it has open and deleted.
    kill
        Called once, from a thread of the watch, when a limit is passed.

    Attributes
    ----------
    exceeded : str
        What was too much, in words; empty while nothing is.
    """

    def __init__(self, pid: int, policy: Policy, kill: Callable[[], None]) -> None:
        self.exceeded = ""
        self._pid, self._policy, self._kill = pid, policy, kill
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-watch", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def look(self) -> str:
        """Return what is too much now, empty where nothing is."""
        policy = self._policy
        if threads(self._pid) > policy.threads:
            return f"more than {policy.threads} threads"
        count, size = usage(policy.own, policy.files)
        if count > policy.files:
            return f"more than {policy.files} files"
        if size + deleted(self._pid) > policy.disk_bytes:
            return f"more than {policy.disk_bytes // MIB} MiB of files"
        return ""

    def _run(self) -> None:
        pause = EVERY_SECONDS
        while not self._ended.wait(pause):
            began = time.thread_time()
            self.exceeded = self.look()
            if self.exceeded:
                self._kill()
                return
            pause = max(EVERY_SECONDS, REST * (time.thread_time() - began))


def threads(pid: int) -> int:
    """Return how many threads a process has, 0 where it has ended."""
    try:
        # The number of links of this folder is two more, and asking for it lists nothing.
        return os.stat(f"/proc/{pid}/task").st_nlink - 2  # noqa: PTH116 - a few times a second
    except OSError:
        return 0


def usage(folders: Iterable[str], enough: int) -> tuple[int, int]:
    """Return number and bytes on disk of all entries below folders; stops after `enough`.

    Folders so deep in each other that their path is too long for the system count as too many.
    """
    count = size = 0
    waiting = list(folders)
    seen = set()
    while waiting:
        folder = waiting.pop()
        if len(folder) > LONGEST:
            return enough + 1, size
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    if found.st_ino in seen:
                        continue
                    seen.add(found.st_ino)
                    count += 1
                    size += 512 * found.st_blocks
                    if stat.S_ISDIR(found.st_mode):
                        waiting.append(entry.path)
                if count > enough:
                    return count, size
    return count, size


def deleted(pid: int) -> int:
    """Return the bytes of files that a process has open and that have no name any more."""
    size = 0
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208
            with contextlib.suppress(OSError):
                found = os.stat(f"/proc/{pid}/fd/{name}")  # noqa: PTH116
                if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                    size += 512 * found.st_blocks
    return size
