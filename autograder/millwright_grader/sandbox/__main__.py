"""Say what the seal can do on this machine: `python -m millwright_grader.sandbox`."""

import os
import sys

from . import capabilities, landlock, missing, namespaces


def main() -> int:
    """Print one line per layer; return 1 where student code cannot be sealed."""
    found = capabilities()
    lost = [loss for since, loss in landlock.LOSSES if 0 < found.landlock < since]
    print(f"system: {os.uname().sysname} {os.uname().release}")
    print(f"files (Landlock): {f'version {found.landlock}' if found.landlock else 'no'}")
    for loss in lost:
        print(f"  left to seccomp alone: {loss}")
    print(f"system calls (seccomp): {'yes' if found.seccomp else 'no'}")
    kinds = ", ".join(sorted(found.namespaces)) or "not allowed here; nothing depends on them"
    print(f"namespaces: {kinds}")
    enforced = namespaces.USER in found.namespaces and os.geteuid() != 0
    print(f"number of threads: {'limited by the system' if enforced else 'watched'}")
    reason = missing()
    print(f"student code cannot be sealed: {reason}" if reason else "student code can be sealed")
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())
