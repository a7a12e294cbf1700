"""A seal around one process: what student code may read, write, start and use up.

No root, daemon or container is needed, so it also works inside a pod. A process seals itself in two
steps, and nothing can take the seal off again:

1. `enter(policy)`, while the process has one thread: it leaves the machine's namespaces where that
   is allowed, capabilities are dropped, limits are set, and Landlock confines the file system. A
   thread made earlier would stay unconfined.
2. `close_doors()`, when the process is set up: seccomp, on all threads at once, leaves the system
   calls that computing needs. No socket, no process, no signal to others, no tracing.

Whoever starts the process has a `Watch` beside it, for what the system does not count: files, bytes
on the disk and threads. Its folders are `private_folder()`s, which are removed whatever is in them.

A process that forks sealed ones calls `prepare()` first, and once, when it has imported everything.

`missing()` says what this machine's Linux cannot do; whoever grades refuses to go on then.
`capabilities()` says what it can; so does `python -m millwright_grader.sandbox`.

This package imports the standard library only: the warm parent loads it too.
"""

from .folder import private_folder
from .policy import Policy
from .seal import Capabilities, SealError, capabilities, close_doors, enter, missing, prepare
from .watch import Watch

__all__ = [
    "Capabilities",
    "Policy",
    "SealError",
    "Watch",
    "capabilities",
    "close_doors",
    "enter",
    "missing",
    "prepare",
    "private_folder",
]
