"""Attacks on what is not theirs: files, secrets, processes, the network, other submissions.

One submission tries them all from where student code runs, inside a real grading; each attempt must
meet an error, or see nothing. Others try to carry something out of a test.
"""

import json
import textwrap

import pytest
from arena import FULL, MARK, NEIGHBOURS, TOKEN, Arena, Attack, without
from millwright_grader.sandbox import missing
from nbformat.v4 import new_code_cell

pytestmark = [
    pytest.mark.attacks,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]

# Expressions; `course` is the course's folder, `libc` the C library, `me` this process, `boss` the
# parent that it was forked from, `call` a system call that raises what the system answers.
READS = {
    "26-source": "open(f'{course}/source/ps1/ps1.ipynb').read()",
    "26-relative": "open('../../../source/ps1/ps1.ipynb').read()",
    "26-release": "open(f'{course}/release/ps1/ps1.ipynb').read()",
    "26-list": "os.listdir(f'{course}/source')",
    "26-through-root": "open(f'/proc/self/root{course}/source/ps1/ps1.ipynb').read()",
    "26-through-link": "os.symlink(f'{course}/source', 'way') or os.listdir('way')",
    "26-own-notebook": "[p for p in glob.glob('**/*', recursive=True) if 'ipynb' in p][0]",
    "26-graded-notebook": "open(f'{course}/autograded/spy/ps1/ps1.ipynb').read()",
    "27-gradebook": "open(f'{course}/gradebook.db', 'rb').read()",
    "27-sqlite": "sqlite3.connect(f'{course}/gradebook.db').execute('DELETE FROM grade')",
    "28-submitted": "os.listdir(f'{course}/submitted')",
    "28-neighbour": "open(f'{course}/submitted/anna/ps1/ps1.ipynb').read()",
    "28-received": "os.listdir(f'{course}/received')",
    "28-exchange": "os.listdir(f'{course}-exchange')",
    "28-temporary": "os.listdir(tempfile.gettempdir() if tempfile.gettempdir() != cwd else '/tmp')",
    "32-token": "[v for v in os.environ.values() if 'token-of-the-teacher' in v][0]",
    "32-token-in-c": "libc.getenv(b'SECRET_TOKEN') and 1 or denied()",
    "32-environment-of-parent": "open(f'/proc/{boss}/environ').read()",
    "32-any-environment": "[open(f'/proc/{n}/environ').read() for n in near][0]",
    "32-commands": "[open(f'/proc/{n}/cmdline').read() for n in near][0]",
    "32-processes": "os.listdir('/proc')",
    "32-home": "os.listdir(os.path.expanduser('~'))",
    "32-passwords": "open('/etc/passwd').read()",
    "32-host-keys": "os.listdir('/etc/ssh')",
    "32-kubernetes": "open('/var/run/secrets/kubernetes.io/serviceaccount/token').read()",
    "memory-of-parent": "open(f'/proc/{boss}/mem', 'rb')",
    "descriptors-of-parent": "os.listdir(f'/proc/{boss}/fd')",
    "maps-of-parent": "open(f'/proc/{boss}/maps').read()",
    "memory-of-neighbours": "[open(f'/proc/{n}/mem', 'rb') for n in near][0]",
    "read-by-system-call": "call(310, boss, 0, 0, 0, 0, 0)",
    "kernel-log": "open('/dev/kmsg').read()",
    "disk": "open('/dev/vda', 'rb').read(1)",
    "block-devices": "os.listdir('/dev')",
    "raw-memory": "open('/dev/mem', 'rb')",
    "by-handle": "call(304, -100, 0, 0)",
    "handle-of": "call(303, -100, b'/etc/passwd', 0, 0, 0)",
    "watching": "call(253)",
    "watching-files": "call(294, 0)",
    "watching-all": "call(300, 0, 0)",
}
WRITES = {
    "29-neighbour": "open(f'{course}/submitted/anna/ps1/ps1.ipynb', 'w')",
    "29-graded": "open(f'{course}/autograded/zoe/ps1/ps1.ipynb', 'w')",
    "29-feedback": "os.makedirs(f'{course}/feedback/anna/ps1')",
    "29-delete": "shutil.rmtree(f'{course}/submitted/anna')",
    "29-rename": "os.rename(f'{course}/submitted/anna', 'anna')",
    "30-config": "open(f'{course}/nbgrader_config.py', 'a')",
    "30-config-here": "open('../nbgrader_config.py', 'w')",
    "30-user-config": "open(os.path.expanduser('~/.jupyter/nbgrader_config.py'), 'w')",
    "30-profile": "open(os.path.expanduser('~/.bashrc'), 'a')",
    "packages": "open(numpy.__file__, 'a')",
    "packages-beside": "open(os.path.dirname(numpy.__file__) + '/evil.pth', 'w')",
    "packages-emptied": "os.open(json.__file__, os.O_RDONLY | os.O_TRUNC)",
    "packages-emptied-by-open": "call(2, json.__file__.encode(), os.O_TRUNC, 0)",
    "modes": "os.chmod(f'{course}/gradebook.db', 0o777)",
    "modes-by-descriptor": "os.fchmod(os.open(json.__file__, os.O_RDONLY), 0)",
    "modes-new-call": "call(452, -100, json.__file__.encode(), 0, 0)",
    "owner": "os.chown(f'{course}/gradebook.db', 1, 1)",
    "owner-by-descriptor": "os.fchown(os.open(json.__file__, os.O_RDONLY), 1, 1)",
    "attributes": "os.setxattr(f'{course}/gradebook.db', 'user.x', b'1')",
    "times": "os.utime(f'{course}/submitted/anna/ps1/ps1.ipynb', (0, 0))",
    "39-hard-link": "os.link(f'{course}/gradebook.db', 'mine')",
    "hard-link-by-descriptor": "call(265, os.open('/', os.O_PATH), b'', -100, b'm', 0x1000)",
    "40-pipe": "os.mkfifo('pipe')",
    "40-device": "os.mknod('device', 0o20666, os.makedev(1, 1))",
    "40-socket": "socket.socket(socket.AF_UNIX).bind('socket')",
    "shared-memory": "open('/dev/shm/x', 'w')",
    "shared-memory-of-python": "shared_memory.SharedMemory(create=True, size=10)",
    "parameters-of-the-system": "open('/proc/sys/kernel/core_pattern', 'w')",
    "out-of-memory-score": "open('/proc/self/oom_score_adj', 'w')",
    "own-memory": "open('/proc/self/mem', 'r+b')",
    "groups": "os.listdir('/sys/fs/cgroup')",
}
NETWORK = {
    "33-metadata": "urllib.request.urlopen('http://169.254.169.254/latest/meta-data', timeout=1)",
    "33-hub": "socket.create_connection(('127.0.0.1', 8081), timeout=1)",
    "33-database": "socket.create_connection(('localhost', 5432), timeout=1)",
    "34-names": "socket.getaddrinfo('example.org', 80)",
    "34-datagrams": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "34-raw": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "34-netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "34-vsock": "socket.socket(socket.AF_VSOCK)",
    "34-bluetooth": "socket.socket(31, socket.SOCK_RAW, 0)",
    "34-kernel-crypto": "socket.socket(socket.AF_ALG)",
    "34-pairs-of-datagrams": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
    "34-pairs-of-others": "socket.socketpair(30, socket.SOCK_STREAM)",
    "34-own-line-elsewhere": "socket.socket(fileno=os.dup(3)).connect('/tmp/x')",
    "34-descriptors-passed": "socket.send_fds(socket.socketpair()[0], [b'x'], [0])",
    "34-seen": "[l for l in open('/proc/self/net/dev') if ':' in l and 'lo' not in l][0]",
    "34-docker": "socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')",
}
PROCESSES = {
    "45-fork": "os.fork()",
    "45-vfork": "call(58)",
    "45-clone": "call(56, 17, 0, 0, 0, 0)",
    "45-clone3": "call(435, 0, 88)",
    "45-shell": "subprocess.run(['true'])",
    "45-shell-in-c": "libc.system(b'true') == 0 or denied()",
    "45-program": "os.execv('/bin/true', ['true'])",
    "45-program-in-memory": "os.memfd_create('x')",
    "45-secret-memory": "call(447, 0)",
    "45-program-by-descriptor": "os.execve(os.open('/usr/bin/true', os.O_RDONLY), ['x'], {})",
    "45-magic": "get_ipython().getoutput('id')[0] + str(denied())",
    "45-pool": "multiprocessing.get_context('fork').Process(target=print).start()",
    "46-session": "os.setsid()",
    "46-group": "os.setpgid(0, 0)",
    "signal-parent": "os.kill(boss, 0)",
    "signal-all": "os.kill(-1, 0)",
    "signal-group": "os.killpg(os.getpgid(boss), 0)",
    "signal-thread": "call(200, boss, 0)",
    "signal-thread-of": "call(234, boss, boss, 0)",
    "signal-queued": "call(129, boss, 0, 0)",
    "signal-by-descriptor": "os.pidfd_open(boss)",
    "signal-by-owner": "fcntl.fcntl(socket.socketpair()[0], fcntl.F_SETOWN, boss)",
    "signal-by-owner-ex": "fcntl.fcntl(socket.socketpair()[0], 15, struct.pack('ii', 1, boss))",
    "signal-by-request": "fcntl.ioctl(socket.socketpair()[0], 0x8902, struct.pack('i', boss))",
    "signal-of-choice": "fcntl.fcntl(socket.socketpair()[0], 10, 9)",
    "lease": "fcntl.fcntl(os.open(json.__file__, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)",
    "notify": "fcntl.fcntl(os.open('.', os.O_RDONLY), fcntl.F_NOTIFY, 1)",
    "pipes": "fcntl.fcntl(os.pipe()[0], 1031, 1 << 20)",
    "typing": "[fcntl.ioctl(fd, 0x5412, b'x') for fd in range(40)]",
    "terminal": "fcntl.ioctl(1, 0x540E, 0)",
    "tracing": "call(101, 16, boss, 0, 0)",
    "being-traced": "call(101, 0, 0, 0, 0)",
    "another-memory": "call(311, boss, 0, 0, 0, 0, 0)",
    "descriptor-of-another": "call(438, boss, 0, 0)",
    "advice-to-another": "call(440, boss, 0, 0, 0, 0)",
    "comparing": "call(312, me, boss, 0, 0, 0)",
    "namespaces": "call(272, 0x10000000)",
    "namespaces-of-others": "call(308, 0, 0)",
    "mount": "libc.mount(b'x', b'/mnt', b'tmpfs', 0, None) == 0 or denied()",
    "mount-new": "call(428, -100, b'/', 0)",
    "mount-context": "call(430, b'tmpfs', 0)",
    "root": "os.chroot('.')",
    "pivot": "call(155, b'.', b'.')",
    "keys": "call(250, 0, -3, 0)",
    "keys-new": "call(248, b'user', b'x', b'y', 1, -3)",
    "rings": "call(425, 8, 0)",
    "faults": "call(323, 0)",
    "kernel-programs": "call(321, 0, 0, 0)",
    "counters": "call(298, 0, 0, -1, -1, 0)",
    "modules": "call(175, 0, 0, b'')",
    "reboot": "call(169, 0xfee1dead, 672274793, 0, 0)",
    "clock": "time.clock_settime(time.CLOCK_REALTIME, 0)",
    "host-name": "socket.sethostname('x')",
    "personality": "call(135, 0x0040000)",
    "seccomp-off": "call(317, 0, 0, 0)",
    "dumpable": "call(157, 4, 1, 0, 0, 0)",
    "ptracer": "call(157, 0x59616d61, -1, 0, 0, 0)",
    "reaper": "call(157, 36, 1, 0, 0, 0)",
    "death-signal-off": "call(157, 1, 0, 0, 0, 0)",
    "user": "os.setresuid(1, 1, 1)",
    "groups-of-user": "os.setgroups([0])",
    "limits": "resource.setrlimit(resource.RLIMIT_AS, (1 << 50, 1 << 50))",
    "limits-of-another": "resource.prlimit(boss, resource.RLIMIT_CPU, (1, 1))",
    "nice": "os.nice(-5)",
    "nice-of-another": "os.setpriority(os.PRIO_PROCESS, boss, 19)",
    "scheduling": "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))",
    "scheduling-idle": "os.sched_setscheduler(boss, os.SCHED_IDLE, os.sched_param(0))",
    "processors-of-another": "os.sched_setaffinity(boss, {0})",
    "shared-memory-old": "call(29, 1234, 4096, 0o1600)",
    "semaphores": "call(64, 1234, 1, 0o1600)",
    "message-queues": "call(68, 1234, 0o1600)",
    "message-queues-new": "call(240, b'x', 0o102, 0o600, 0)",
    "locked-memory": "libc.mlockall(3) == 0 or denied()",
    "quota": "call(179, 0, 0, 0, 0)",
    "swap": "call(167, b'x', 0)",
}
ATTEMPTS = READS | WRITES | NETWORK | PROCESSES

# How the spy looks. What an attempt returned is printed in reverse, so that nothing of it is taken
# away on the way to the graded notebook.
SPY = """
import ctypes, fcntl, glob, json, multiprocessing, os, resource, shutil, socket, sqlite3, struct
import subprocess, tempfile, time, urllib.request, numpy
from multiprocessing import shared_memory

course = {course!r}
libc = ctypes.CDLL(None, use_errno=True)
libc.getenv.restype = ctypes.c_char_p
me, boss, cwd = os.getpid(), os.getppid(), os.getcwd()
near = [n for n in range(max(2, me - 30), me + 30) if n != me and os.path.exists(f"/proc/{{n}}")]

def denied():
    raise PermissionError("the call failed")

def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return "it was allowed"

results = {{}}
for name, expression in json.loads({attempts!r}).items():
    try:
        results[name] = ["value", repr(eval(expression))[:200]]
    except BaseException as error:
        results[name] = ["error", f"{{type(error).__name__}}: {{error}}"[:200]]
print(json.dumps(results)[::-1])
"""

# What is looked for in one's own memory: marks that others' code and hidden tests hold. Beginning
# and end of each are kept apart and backwards, so that the search does not find itself.
MEMORY = """
import gc, re, sys
pairs = {pairs!r}
found = set()
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps:
        part = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
        if part and "[v" not in line:
            begin, end = (int(p, 16) for p in part.groups())
            try:
                memory.seek(begin)
                data = memory.read(min(end - begin, 64 << 20))
            except (OSError, ValueError, MemoryError):
                continue
            for at, (head, tail) in enumerate(pairs):
                head, tail = head[::-1].encode(), tail[::-1].encode()
                start = 0
                while (start := data.find(head, start)) >= 0:
                    start += len(head)
                    if data[start : start + len(tail)] == tail:
                        found.add(at)
"""


def spying(course: Arena) -> dict[str, Attack]:
    code = SPY.format(course=str(course.root), attempts=json.dumps(ATTEMPTS))
    words = (MARK, NEIGHBOURS["anna"], TOKEN)
    pairs = [(word[:9][::-1], word[9:][::-1]) for word in words]
    memory = MEMORY.format(pairs=pairs)
    return {
        "spy": Attack({"top": code}, scores=FULL),
        "spy-after-a-test": Attack(
            {"bonus": f"def bonus():\n    return 0.5\n{memory}\nprint('found', found)"}, scores=FULL
        ),
        "writes-to-the-terminal": Attack(
            {
                "top": textwrap.dedent(
                    """
                    import os
                    forged = b'\\x1b]0;FORGED\\x07{"student": "FORGED"}\\n'
                    for fd in (1, 2, *range(4, 64)):
                        try:
                            os.write(fd, forged)
                        except OSError:
                            pass
                    """
                )
            },
            # It has spoilt its own kernel's descriptors.
            scores={"square-test": {0, 2}},
        ),
        "carries-out": Attack(
            {
                "drive": "seen = []\n"
                "def drive(rig, noise, path, ramp):\n"
                "    for name in ('__self__', '__globals__', '__class__', '__dict__', '__func__',\n"
                "                 'gi_frame', 'gi_code', 'cr_frame', 'secret', '__code__',\n"
                "                 '__init__', '__reduce__', '__getstate__', '__closure__'):\n"
                "        for thing in (rig, rig.step, ramp, noise, noise.normal, path):\n"
                "            try:\n"
                "                seen.append(repr(getattr(thing, name)))\n"
                "            except Exception as error:\n"
                "                seen.append(type(error).__name__)\n"
                "    try:\n"
                "        seen.append(path.parent.joinpath('ps1.ipynb').read_text())\n"
                "        seen.append(str(list(path.resolve().parent.iterdir())))\n"
                "    except Exception as error:\n"
                "        seen.append(type(error).__name__)\n"
                "    return [rig.step(u) for u in ramp][-1] + len(path.name)",
            },
            scores=FULL,
            change=lambda node, _: node.cells.append(
                new_code_cell("print(str(seen)[::-1])", id="tell")
            ),
        ),
        "36-prints-the-test": Attack(
            {
                "square": "import inspect, traceback\n"
                "def square(value):\n"
                "    print(globals().get('In', ['?'])[-1])\n"
                "    print([frame.code_context for frame in inspect.stack()])\n"
                "    display(In[-1] if 'In' in globals() else '?')\n"
                "    return 0"
            },
            scores=without("square"),
        ),
        "37-tracebacks": Attack(
            {
                "square": "def square(value):\n"
                "    if value == -7:\n"
                "        raise ValueError('show me the line')\n"
                "    return value * value"
            },
            scores=without("square"),
        ),
        "38-oracle": Attack(
            {
                "square": "asked = []\n"
                "def square(value):\n"
                "    asked.append(value)\n"
                "    print('asked', value)\n"
                "    raise ValueError(f'asked {value}')",
                "bonus": "def bonus():\n    return 0.5\nprint(asked)",
            },
            scores=without("square"),
        ),
    }


CLASS = spying


def told(arena: Arena, student: str, cell_id: str) -> str:
    (cell,) = [one for one in arena.autograded(student).cells if one.get("id") == cell_id]
    return "".join(
        str(output.get("text", output.get("evalue", ""))) for output in cell.get("outputs", [])
    )


@pytest.fixture(scope="module")
def attempts(arena: Arena) -> dict[str, list[str]]:
    text = told(arena, "spy", "top").strip()[::-1]
    found: dict[str, list[str]] = json.loads(text)
    return found


@pytest.mark.parametrize("name", ATTEMPTS)
def test_nothing_is_reached(attempts: dict[str, list[str]], name: str) -> None:
    kind, text = attempts[name]
    assert kind == "error", f"{name} gave {text}"


STUDENTS = (
    *("spy", "spy-after-a-test", "writes-to-the-terminal", "carries-out"),
    *("36-prints-the-test", "37-tracebacks", "38-oracle"),
)


@pytest.mark.parametrize("name", STUDENTS)
def test_it_gains_nothing(arena: Arena, name: str) -> None:
    arena.outcome(name)


def test_neighbours_are_untouched(arena: Arena) -> None:
    arena.neighbours_are_untouched()


def test_no_trace_of_others_in_its_memory(arena: Arena) -> None:
    assert told(arena, "spy-after-a-test", "ps1-bonus").strip() == "found set()"


def test_what_a_test_lends_leads_nowhere(arena: Arena) -> None:
    text = told(arena, "carries-out", "tell").strip()[::-1]
    assert MARK not in text
    assert "4711" in text, "public attributes of what is given may be read"
    assert not any(word in text for word in ("frame at", "<code", "<cell", "ipynb", "<module"))


def test_the_teachers_terminal_shows_nothing_of_theirs(arena: Arena) -> None:
    assert "FORGED" not in arena.printed


def test_feedback_shows_no_test(arena: Arena) -> None:
    course = arena
    done = course.command("nbgrader", "generate_feedback", "ps1")
    assert done.returncode == 0, done.stderr
    pages = {
        name: next((course.root / "feedback" / name / "ps1").glob("*.html")).read_text()
        for name in STUDENTS
    }
    for name, page in pages.items():
        assert MARK not in page, name
        assert "square(-7)" not in page, name
