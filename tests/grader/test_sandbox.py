"""A sealed process computes as before and reaches nothing outside."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from millwright_grader.sandbox import Policy, missing, seccomp
from millwright_grader.sandbox.policy import MIB

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

# What each attempt may end in: a value, or the name of the error that it meets. In the code, `own`
# is the process's folder, `other` a file outside it, `parent` whoever started it.
WORKS = {
    "write in its folder": "open('a.txt', 'w').write('x')",
    "rename in its folder": "os.rename('a.txt', 'b.txt')",
    "make a folder": "os.mkdir('sub')",
    "temporary file": "tempfile.TemporaryFile(dir=own).fileno()",
    "linear algebra": "numpy.linalg.inv(numpy.random.rand(99, 99)).shape",
    "much memory": "len(bytearray(100 << 20))",
    "figure with a formula": "plt.plot([1, 2]); plt.title('$x^2$ Ω'); plt.savefig('f.png')",
    "control system": "control.step_info(control.tf([1], [1, 1, 1]))['Overshoot']",
    "thread": "thread()",
    "event loop": "asyncio.run(asyncio.sleep(0))",
    "import of a package": "importlib.import_module('scipy.signal').__name__",
    "import of the standard library": "importlib.import_module('xmlrpc.client').__name__",
    "own status": "open('/proc/self/status').read(4)",
    "random numbers": "len(os.urandom(8))",
    "time zone": "time.localtime().tm_year",
    "signal to itself": "os.kill(os.getpid(), 0)",
}
REFUSED = {
    "read a file": "open(other).read()",
    "write a file": "open(other, 'w')",
    "empty a file that it may read": "os.open(json.__file__, os.O_RDONLY | os.O_TRUNC)",
    "truncate a file": "os.truncate(other, 0)",
    "delete a file": "os.remove(other)",
    "change a file's mode": "os.chmod(other, 0o777)",
    "hard link to a file": "os.link(other, 'link')",
    "read through a symbolic link": "os.symlink(other, 'alias'); open('alias').read()",
    "read through its own root": "open('/proc/self/root' + other).read()",
    "leave by its working folder": "open('../' + os.path.basename(other)).read()",
    "list the file system": "os.listdir('/')",
    "list processes": "os.listdir('/proc')",
    "environment of others": "open(f'/proc/{parent}/environ').read()",
    "memory of others": "open(f'/proc/{parent}/mem', 'rb')",
    "users": "open('/etc/passwd').read()",
    "shared memory": "open('/dev/shm/x', 'w')",
    "anonymous file": "os.memfd_create('x')",
    "named pipe": "os.mkfifo('fifo')",
    "device": "os.mknod('device', 0o20666, os.makedev(1, 3))",
    "network": "socket.socket()",
    "network of version 6": "socket.socket(socket.AF_INET6)",
    "raw network": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "socket of the machine": "socket.socket(socket.AF_UNIX)",
    "datagrams to any path": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
    "process": "os.fork()",
    "program": "os.execv('/bin/true', ['true'])",
    "shell": "subprocess.run(['true'])",
    "shell by the library": "libc.system(b'true') == 0 or denied()",
    "process pool": "multiprocessing.get_context('spawn').Process(target=print).start()",
    "signal to its parent": "os.kill(parent, 0)",
    "signal to all": "os.kill(-1, 0)",
    "tracing": "libc.ptrace(16, parent, 0, 0) == 0 or denied()",
    "another process's memory": "libc.process_vm_readv(parent, 0, 0, 0, 0, 0) == 0 or denied()",
    "name space": "libc.unshare(0x10000000) == 0 or denied()",
    "mount": "libc.mount(b'none', b'/mnt', b'tmpfs', 0, None) == 0 or denied()",
    "root folder": "os.chroot(own)",
    "user": "os.setuid(1) or os.seteuid(1)",
    "higher limits": "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 40, 1 << 40))",
    "kernel rings": "libc.syscall(425, 8, None) >= 0 or denied()",
    "kernel programs": "libc.syscall(321, 0, None, 0) >= 0 or denied()",
    "key ring": "libc.syscall(250, 0, 0) >= 0 or denied()",
    "the other table of calls": "libc.syscall(0x40000000 + 39) >= 0 or denied()",
    "too much memory": "bytearray(4 << 30)",
    "too large a file": "open('big', 'wb').write(bytes(70 << 20))",
    "too many files open": "[open('/dev/null') for _ in range(400)]",
}

SCRIPT = """
import asyncio, ctypes, importlib, json, multiprocessing, os, resource, socket, subprocess, sys
import tempfile, threading, time
import control, matplotlib, matplotlib.pyplot as plt, numpy
from millwright_grader.sandbox import Policy, close_doors, enter

own, other, expression = sys.argv[1:4]
parent = os.getppid()
libc = ctypes.CDLL(None, use_errno=True)

def denied():
    raise PermissionError("the call failed")

def thread():
    found = []
    worker = threading.Thread(target=found.append, args=(1,))
    worker.start()
    worker.join()
    return found

os.chdir(own)
enter(Policy.from_dict(json.loads(sys.argv[4])))
close_doors()
expressions = json.loads(expression)
results = {}
for name, code in expressions.items():
    *statements, last = code.split("; ")
    try:
        for statement in statements:
            exec(statement)
        results[name] = ["value", repr(eval(last) if "plt.savefig" not in last else eval(last))]
    except BaseException as error:
        results[name] = ["error", f"{type(error).__name__}: {error}"]
print(json.dumps(results))
"""


def attempt(folder: Path, expressions: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Run expressions in one sealed process that only `folder / "own"` belongs to."""
    own, other = folder / "own", folder / "answers.py"
    own.mkdir(exist_ok=True)
    other.write_text("the solution")
    policy = Policy(own=(str(own),), memory_bytes=1024 * MIB)
    done = subprocess.run(
        [
            *(sys.executable, "-c", SCRIPT, own, other, json.dumps(expressions)),
            json.dumps(policy.as_dict()),
        ],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert other.read_text() == "the solution"
    results: dict[str, tuple[str, str]] = json.loads(done.stdout.splitlines()[-1])
    return results


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    risky = "the other table of calls"
    together = {name: code for name, code in (WORKS | REFUSED).items() if name != risky}
    return attempt(tmp_path_factory.mktemp("sealed"), together)


@pytest.mark.parametrize("name", WORKS)
def test_what_computing_needs_works(attempts: dict[str, tuple[str, str]], name: str) -> None:
    kind, text = attempts[name]
    assert kind == "value", text


@pytest.mark.parametrize("name", [name for name in REFUSED if name != "the other table of calls"])
def test_nothing_outside_is_reached(attempts: dict[str, tuple[str, str]], name: str) -> None:
    kind, text = attempts[name]
    assert kind == "error", f"{name} gave {text}"


def test_numbers_of_another_table_end_the_process(tmp_path: Path) -> None:
    if seccomp.architecture() != "x86_64":
        pytest.skip("only x86-64 has a second table")
    with pytest.raises(AssertionError):
        attempt(tmp_path, {"x32": REFUSED["the other table of calls"]})


def test_processor_time_ends(tmp_path: Path) -> None:
    script = SCRIPT.split("expressions =")[0] + "while True: pass"
    policy = Policy(own=(str(tmp_path),), cpu_seconds=1).as_dict() | {"cpu_seconds": 4}
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path, tmp_path, "{}", json.dumps(policy)],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode < 0


def test_a_process_with_threads_is_not_sealed() -> None:
    script = (
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
        "from millwright_grader.sandbox import Policy, enter\n"
        "enter(Policy(own=()))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "stay unconfined" in done.stderr


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filter_fits_into_the_kernel(machine: str) -> None:
    code = seccomp.program(machine, pid=4711)
    assert len(code) % 8 == 0
    assert len(code) // 8 <= 4096
