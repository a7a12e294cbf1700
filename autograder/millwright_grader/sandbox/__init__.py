"""A seal around one process: what student code may read, write, start and use up.

No root, daemon or container is needed, so it also works inside a pod. A process seals itself in two
steps, and nothing can take the seal off again:

1. `enter(policy)`, while the process has one thread: capabilities are dropped, limits are set, and
   Landlock confines the file system. A thread made earlier would stay unconfined.
2. `close_doors()`, when the kernel's sockets are bound: seccomp, on all threads at once, leaves the
   system calls that computing needs. No socket, no process, no signal to others, no tracing.

`missing()` says what this machine's Linux cannot do; whoever grades refuses to go on then.

This package imports the standard library only: the warm parent loads it too.
"""

from .policy import Policy
from .seal import SealError, close_doors, enter, missing

__all__ = ["Policy", "SealError", "close_doors", "enter", "missing"]
