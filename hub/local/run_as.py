"""Run a command under a numeric account: `run_as.py UID [--hide FOLDER]... -- COMMAND...`

Only root can use it. The account needs no entry in the system's user list: the process gets
group and user UID, no other group, and keeps its environment. `--hide` covers a folder with an
empty one, for this process and its children alone (a private mount namespace), so that a
student's server cannot read the solutions in a repository that everybody may read. The process
is asked to end when the one that started it has ended.

Exit code 71 means that the machine does not allow one of the two; nothing was run then.
"""

import ctypes
import os
import signal
import sys

# linux/sched.h, linux/mount.h, linux/prctl.h
CLONE_NEWNS = 0x0002_0000
MS_RDONLY = 0x0001
MS_REC = 0x4000
MS_PRIVATE = 0x4_0000
PR_SET_PDEATHSIG = 1

NOT_ALLOWED = 71


def hide(folders: list[str]) -> None:
    """Cover folders for this process and its children; OSError where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(status: int, what: str) -> None:
        if status != 0:
            raise OSError(ctypes.get_errno(), what)

    call(libc.unshare(CLONE_NEWNS), "unshare")
    call(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount /")
    for folder in folders:
        path = os.fsencode(folder)
        call(libc.mount(b"none", path, b"tmpfs", MS_RDONLY, b"size=4k,mode=000"), folder)


def become(uid: int) -> None:
    """Give up root for good."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # The system forgets this whenever the account changes, so it comes last.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def main(arguments: list[str]) -> None:
    """Parse, drop the rights, become the command."""
    split = arguments.index("--")
    uid, *options = arguments[:split]
    command = arguments[split + 1 :]
    folders = options[1::2]
    if options[::2] != ["--hide"] * len(folders):
        raise SystemExit(__doc__)
    try:
        if folders:
            hide(folders)
        become(int(uid))
    except OSError as error:
        print(f"run_as: {error}", file=sys.stderr)
        raise SystemExit(NOT_ALLOWED) from None
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
