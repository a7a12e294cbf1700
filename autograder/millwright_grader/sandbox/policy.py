"""What a sealed process may use."""

from dataclasses import asdict, dataclass
from typing import Any

MIB = 1 << 20


@dataclass(frozen=True)
class Policy:
    """The seal of one process; plain values, so that it can be sent to the process as JSON.

    Parameters
    ----------
    own
        Folders in which the process may read, write and delete.
    readable
        Files and folders that it may read besides Python, its packages and the system's libraries.
    memory_bytes
        Address space beyond what it has when it is sealed.
    cpu_seconds
        Processor time of all its threads together.
    file_bytes
        Size of each file that it writes.
    open_files
        Descriptors that it may have at once.
    threads
        Threads that it may have at once.
    files, disk_bytes
        Files and folders in its own folders, and what they take on the disk. These two and
        `threads` are what `Watch` looks at.
    """

    own: tuple[str, ...]
    readable: tuple[str, ...] = ()
    memory_bytes: int = 2048 * MIB
    cpu_seconds: int = 300
    file_bytes: int = 64 * MIB
    open_files: int = 256
    threads: int = 128
    files: int = 2000
    disk_bytes: int = 512 * MIB

    def as_dict(self) -> dict[str, Any]:
        """Return the policy as JSON can carry it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Policy":
        """Return the policy that `as_dict` wrote."""
        folders = {name: tuple(values[name]) for name in ("own", "readable")}
        return cls(**{**values, **folders})
