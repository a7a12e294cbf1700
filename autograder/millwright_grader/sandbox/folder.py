"""A folder for one sealed process, which is removed whatever the process has left in it."""

# ruff: noqa: PTH208 - relative to a descriptor, which pathlib is not

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

OPEN_TO_ME = 0o700
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def private_folder(prefix: str = "mw-", parent: str | None = None) -> Iterator[Path]:
    """A new folder for the time of a block."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        yield folder
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder and all below it, following no link.

    `shutil.rmtree` gives up on folders within folders beyond Python's limit of recursion, and on
    those that forbid to be read. Here one descriptor goes down and up again.
    """
    folder.chmod(OPEN_TO_ME)
    here = os.open(folder, FOLDER)
    path: list[str] = []
    left = [os.listdir(here)]
    try:
        while left:
            if not left[-1]:
                left.pop()
                if path:
                    here = _go(here, "..")
                    os.rmdir(path.pop(), dir_fd=here)
                continue
            name = left[-1].pop()
            if not stat.S_ISDIR(os.lstat(name, dir_fd=here).st_mode):
                os.unlink(name, dir_fd=here)
                continue
            os.chmod(name, OPEN_TO_ME, dir_fd=here)
            here = _go(here, name)
            path.append(name)
            left.append(os.listdir(here))
    finally:
        os.close(here)
    folder.rmdir()


def _go(here: int, name: str) -> int:
    there = os.open(name, FOLDER, dir_fd=here)
    os.close(here)
    return there
