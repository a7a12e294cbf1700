"""Seccomp: leave a process the system calls that computing needs, and no other.

Interface: https://docs.kernel.org/userspace-api/seccomp_filter.html. A filter is a program for the
classic Berkeley packet filter; it sees the number of a system call and its arguments as integers,
never what a pointer points to.

The list names what is allowed. A call that is not on it fails with ENOSYS, as on a kernel that does
not have it, so that libraries fall back where they can; one that would reach out of the process
fails with EPERM.
"""

import ctypes
import os
import platform
import struct

from .libc import LIBC

PR_SET_NO_NEW_PRIVS = 38
SECCOMP_SET_MODE_FILTER = 1
SECCOMP_FILTER_FLAG_TSYNC = 1  # the filter holds for every thread of the process
RET_KILL_PROCESS = 0x8000_0000
RET_ERRNO = 0x0005_0000
RET_ALLOW = 0x7FFF_0000

# struct seccomp_data: int nr; u32 arch; u64 instruction_pointer; u64 args[6]
NR, ARCH = 0, 4


def argument(index: int) -> int:
    """Return the offset of the low half of an argument (little-endian machines)."""
    return 16 + 8 * index


# linux/audit.h
AUDIT_ARCH = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}
X32_BIT = 0x4000_0000  # x86-64 kernels may know a second table of numbers, from this bit on

# Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h. None: the
# architecture has no such call.
ALLOWED: dict[str, tuple[int | None, int | None]] = {
    # files, within what Landlock allows
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "lseek": (8, 62),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "readv": (19, 65),
    "writev": (20, 66),
    "preadv": (295, 69),
    "pwritev": (296, 70),
    "preadv2": (327, 286),
    "pwritev2": (328, 287),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "statfs": (137, 43),
    "fstatfs": (138, 44),
    "getdents64": (217, 61),
    "getdents": (78, None),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "fchdir": (81, 50),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "creat": (85, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "ftruncate": (77, 46),
    "fallocate": (285, 47),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "flock": (73, 32),
    "fadvise64": (221, 223),
    "copy_file_range": (326, 285),
    "sendfile": (40, 71),
    "umask": (95, 166),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "pipe": (22, None),
    "pipe2": (293, 59),
    # waiting
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441),
    "eventfd2": (290, 19),
    "timerfd_create": (283, 85),
    "timerfd_settime": (286, 86),
    "timerfd_gettime": (287, 87),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "pause": (34, None),
    # the sockets that the kernel has bound already
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "shutdown": (48, 210),
    "getsockname": (51, 204),
    "getpeername": (52, 205),
    "setsockopt": (54, 208),
    "getsockopt": (55, 209),
    # memory
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mremap": (25, 216),
    "msync": (26, 227),
    "mincore": (27, 232),
    "madvise": (28, 233),
    "membarrier": (324, 283),
    "get_mempolicy": (239, 236),
    "rseq": (334, 293),
    # threads and signals to oneself
    "futex": (202, 98),
    "futex_waitv": (449, 449),
    "set_robust_list": (273, 99),
    "get_robust_list": (274, 100),
    "set_tid_address": (218, 96),
    "gettid": (186, 178),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126),
    "getpriority": (140, 141),
    "arch_prctl": (158, None),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137),
    "rt_sigsuspend": (130, 133),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "setitimer": (38, 103),
    "getitimer": (36, 102),
    "alarm": (37, None),
    "timer_create": (222, 107),
    "timer_settime": (223, 110),
    "timer_gettime": (224, 108),
    "timer_delete": (226, 111),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "wait4": (61, 260),
    "waitid": (247, 95),
    # asking
    "uname": (63, 160),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "times": (100, 153),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "getgroups": (115, 158),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getpgrp": (111, None),
    "getpgid": (121, 155),
    "getsid": (124, 156),
    "getrlimit": (97, 163),
    "capget": (125, 90),
    "time": (201, None),
    "gettimeofday": (96, 169),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "getcpu": (309, 168),
    "getrandom": (318, 278),
}

# Allowed where an argument is right.
OPEN, OPENAT = (2, None), (257, 56)
FCNTL, IOCTL = (72, 25), (16, 29)
CLONE = (56, 220)
CLONE3 = (435, 435)
TGKILL = (234, 131)
KILL = (62, 129)
PRLIMIT = (302, 261)
PRCTL = (157, 167)
SCHED_SETSCHEDULER = (144, 119)

SCHED_OTHER = 0

SOCKETPAIR = (53, 199)

AF_UNIX, SOCK_TYPE_MASK, SOCK_STREAM = 1, 0xF, 1
CLONE_THREAD = 0x0001_0000
O_ACCMODE, O_TRUNC = 0o3, 0o1000

# fcntl: duplicates, flags and locks. Not the owner of a descriptor: the system sends it any signal
# that it was told to, past the filter for `kill`. Not the size of pipes, which is not our memory.
FCNTL_COMMANDS = [
    *(0, 1, 2, 3, 4),  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL
    *(5, 6, 7, 36, 37, 38),  # locks: F_GETLK to F_SETLKW, F_OFD_GETLK to F_OFD_SETLKW
    *(1030, 1032),  # F_DUPFD_CLOEXEC, F_GETPIPE_SZ
]

# ioctl: what libraries ask of any descriptor. Not typing into a terminal that was inherited.
IOCTL_REQUESTS = [
    *(0x5401, 0x802C542A, 0x5413),  # TCGETS, TCGETS2, TIOCGWINSZ: is it a terminal, how large
    *(0x541B, 0x5421, 0x5450, 0x5451),  # FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
]

# prctl: what threads and libraries ask for, and nothing that loosens or hides.
PRCTL_OPTIONS = [
    3,  # PR_GET_DUMPABLE
    15,  # PR_SET_NAME
    16,  # PR_GET_NAME
    39,  # PR_GET_NO_NEW_PRIVS
    53,  # PR_GET_SPECULATION_CTRL is 52; 53 is PR_SET_SPECULATION_CTRL, which only tightens
    0x53564D41,  # PR_SET_VMA, the name that malloc gives its memory
]

EPERM, ENOSYS = 1, 38

# What would reach out of the process: said plainly, where ENOSYS might be taken for an old kernel.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "sendmsg": (46, 211),  # it could hand over descriptors
    "recvmsg": (47, 212),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "truncate": (76, 45),
    "link": (86, None),
    "linkat": (265, 37),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "chown": (92, None),
    "mount": (165, 40),
    "unshare": (272, 97),
    "setns": (308, 268),
    "memfd_create": (319, 279),
    "setrlimit": (160, 164),
    "sched_setaffinity": (203, 122),
}

# linux/bpf_common.h
LD_WORD, JEQ, JGE, JSET, RET, AND = 0x20, 0x15, 0x35, 0x45, 0x06, 0x54


class Fprog(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _instruction(code: int, k: int, jt: int = 0, jf: int = 0) -> bytes:
    """struct sock_filter."""
    return struct.pack("=HBBI", code, jt, jf, k)


def architecture() -> str | None:
    """Return this machine's architecture, None where no list of calls is known for it."""
    machine = platform.machine()
    return machine if machine in AUDIT_ARCH and struct.calcsize("P") == 8 else None


def program(machine: str, pid: int) -> bytes:
    """Return the filter for one process.

    Parameters
    ----------
    machine
        As `platform.machine()` says.
    pid
        The process that will be filtered; it may signal itself.
    """
    column = list(AUDIT_ARCH).index(machine)
    allow, deny = _instruction(RET, RET_ALLOW), _instruction(RET, RET_ERRNO | EPERM)
    absent = _instruction(RET, RET_ERRNO | ENOSYS)
    kill = _instruction(RET, RET_KILL_PROCESS)

    def load(offset: int) -> bytes:
        return _instruction(LD_WORD, offset)

    def guarded(call: tuple[int | None, int | None], body: bytes) -> bytes:
        """If it is this call, run the body, which returns; else go on with the number loaded."""
        number = call[column]
        if number is None:
            return b""
        return _instruction(JEQ, number, 0, len(body) // 8) + body

    code = load(ARCH) + _instruction(JEQ, AUDIT_ARCH[machine], 1, 0) + kill + load(NR)
    if machine == "x86_64":
        code += _instruction(JGE, X32_BIT, 0, 1) + kill
    for number in sorted(n[column] for n in ALLOWED.values() if n[column] is not None):  # type: ignore[type-var]
        code += guarded((number, number), allow)
    # A file opened for reading is not emptied by the way (Landlock before ABI 3 lets it pass).
    for call, flags in ((OPEN, 1), (OPENAT, 2)):
        code += guarded(
            call,
            load(argument(flags))
            + _instruction(AND, O_ACCMODE | O_TRUNC)
            + _instruction(JEQ, O_TRUNC, 0, 1)
            + deny
            + allow,
        )
    # Threads yes, processes no; clone3 hides its flags behind a pointer, so libc is sent to clone.
    code += guarded(
        CLONE, load(argument(0)) + _instruction(JSET, CLONE_THREAD, 0, 1) + allow + deny
    )
    code += guarded(CLONE3, absent)
    # A pair of datagram sockets could still send to any path; a pair of streams only to each other.
    code += guarded(
        SOCKETPAIR,
        load(argument(0))
        + _instruction(JEQ, AF_UNIX, 1, 0)
        + deny
        + load(argument(1))
        + _instruction(AND, SOCK_TYPE_MASK)
        + _instruction(JEQ, SOCK_STREAM, 0, 1)
        + allow
        + deny,
    )
    for call in (KILL, TGKILL):
        code += guarded(call, load(argument(0)) + _instruction(JEQ, pid, 0, 1) + allow + deny)
    # Libraries give their threads the ordinary scheduling; another one would starve or be starved.
    code += guarded(
        SCHED_SETSCHEDULER,
        load(argument(1)) + _instruction(JEQ, SCHED_OTHER, 0, 1) + allow + deny,
    )
    # Asking for limits is harmless, setting them is not: the third argument points to new ones.
    code += guarded(
        PRLIMIT,
        load(argument(2))
        + _instruction(JEQ, 0, 0, 3)
        + load(argument(2) + 4)
        + _instruction(JEQ, 0, 0, 1)
        + allow
        + deny,
    )
    for call, at, values in (
        (PRCTL, 0, PRCTL_OPTIONS),
        (FCNTL, 1, FCNTL_COMMANDS),
        (IOCTL, 1, IOCTL_REQUESTS),
    ):
        known = b"".join(_instruction(JEQ, value, 0, 1) + allow for value in values)
        code += guarded(call, load(argument(at)) + known + deny)
    for name in sorted(REFUSED):
        code += guarded(REFUSED[name], deny)
    return code + absent


def install() -> None:
    """Filter every thread of this process for good.

    Raises
    ------
    OSError
        If the machine's architecture is not known here, or the kernel refuses.
    """
    machine = architecture()
    if machine is None:
        raise OSError(f"no list of system calls is known for {platform.machine()}")
    code = program(machine, os.getpid())
    buffer = ctypes.create_string_buffer(code, len(code))
    if LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")
    fprog = Fprog(len(code) // len(_instruction(RET, 0)), ctypes.cast(buffer, ctypes.c_void_p))
    result = LIBC.syscall(
        ctypes.c_long(SYS_SECCOMP[machine]),
        ctypes.c_uint(SECCOMP_SET_MODE_FILTER),
        ctypes.c_uint(SECCOMP_FILTER_FLAG_TSYNC),
        ctypes.byref(fprog),
    )
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp refused the filter: {os.strerror(number)}")
