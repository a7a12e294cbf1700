"""The seal where the kernel is older, forbids parts of it, or lacks it; and what watches it."""

import ctypes
import json
import os
import struct
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from arena import Arena
from millwright_grader.sandbox import (
    Policy,
    Watch,
    capabilities,
    landlock,
    missing,
    namespaces,
    private_folder,
    seccomp,
)
from millwright_grader.sandbox.policy import MIB
from test_sandbox import REFUSED, SCRIPT, WORKS

pytestmark = [
    pytest.mark.attacks,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]

ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
EPERM, ENOSYS = 1, 38
UNSHARE = (272, 97)


def forbid(number: int, error: int) -> None:
    """Forbid this process a system call, as a container's own filter would."""
    machine = seccomp.architecture()
    assert machine is not None
    code = b"".join(
        struct.pack("=HBBI", *part)
        for part in (
            (seccomp.LD_WORD, 0, 0, seccomp.NR),
            (seccomp.JEQ, 0, 1, number),
            (seccomp.RET, 0, 0, seccomp.RET_ERRNO | error),
            (seccomp.RET, 0, 0, seccomp.RET_ALLOW),
        )
    )
    buffer = ctypes.create_string_buffer(code, len(code))
    program = seccomp.Fprog(4, ctypes.cast(buffer, ctypes.c_void_p))
    libc = ctypes.CDLL(None)
    libc.prctl(seccomp.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    call = ctypes.c_long(seccomp.SYS_SECCOMP[machine])
    assert libc.syscall(call, ctypes.c_uint(1), ctypes.c_uint(0), ctypes.byref(program)) == 0


def attempt(folder: Path, before: str, **options: Any) -> dict[str, tuple[str, str]]:
    """Run all attempts of the sandbox's own test in a process that begins differently."""
    own, other = folder / "own", folder / "answers.py"
    own.mkdir()
    other.write_text("the solution")
    risky = "the other table of calls"
    expressions = {name: code for name, code in (WORKS | REFUSED).items() if name != risky}
    policy = Policy(own=(str(own),), memory_bytes=1024 * MIB)
    script = SCRIPT.replace("os.chdir(own)", f"{before}\nos.chdir(own)")
    done = subprocess.run(
        [
            *(sys.executable, "-c", script, own, other, json.dumps(expressions)),
            json.dumps(policy.as_dict()),
        ],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )
    assert done.returncode == 0, done.stderr
    assert other.read_text() == "the solution"
    results: dict[str, tuple[str, str]] = json.loads(done.stdout.splitlines()[-1])
    return results


def holds(results: dict[str, tuple[str, str]]) -> None:
    assert {name for name in WORKS if results[name][0] != "value"} == set()
    assert {name for name in REFUSED if results.get(name, ["error"])[0] != "error"} == set()


@pytest.mark.parametrize("version", [1, 2, 5])
def test_an_older_landlock_is_made_up_for(tmp_path: Path, version: int) -> None:
    # What a version does not know is not asked of it, and seccomp stands alone.
    older = f"from millwright_grader.sandbox import landlock\nlandlock.abi = lambda: {version}"
    holds(attempt(tmp_path, older))


def test_without_namespaces_the_rest_holds(tmp_path: Path) -> None:
    number = UNSHARE[list(seccomp.AUDIT_ARCH).index(str(seccomp.architecture()))]
    holds(attempt(tmp_path, "", preexec_fn=lambda: forbid(number, EPERM)))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user to turn into")
def test_an_ordinary_user_seals_as_well(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)

    def become() -> None:
        os.umask(0)
        os.setgroups([])
        os.setresgid(60123, 60123, 60123)
        os.setresuid(60123, 60123, 60123)

    readable = subprocess.run(
        [sys.executable, "-c", "import millwright_grader"], preexec_fn=become, capture_output=True
    )
    if readable.returncode:
        pytest.skip("this environment cannot be read by other users")
    (tmp_path / "own").mkdir()
    (tmp_path / "own").chmod(0o777)
    script = textwrap.dedent(
        f"""
        import os, threading, time
        from millwright_grader.sandbox import Policy, capabilities, close_doors, enter, namespaces
        limited = namespaces.USER in capabilities().namespaces
        before = os.getuid(), os.getgid()
        enter(Policy(own=({str(tmp_path / "own")!r},), threads=50))
        close_doors()
        assert (os.getuid(), os.getgid()) == before
        open({str(tmp_path / "own" / "file")!r}, "w").write("mine")
        started = 0
        try:
            for _ in range(500):
                threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
                started += 1
        except RuntimeError:
            pass
        print(limited, started, flush=True)
        os._exit(0)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        preexec_fn=become,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    limited, started = done.stdout.split()
    if limited == "True":
        assert int(started) <= 50


def test_a_kernel_without_landlock_refuses_in_one_line(fresh_arena: Arena, tmp_path: Path) -> None:
    course = fresh_arena.copy(tmp_path / "course")
    course.submit("anna", course.released())
    program = Path(sys.executable).parent / "millwright-grade"
    done = subprocess.run(
        [program, "ps1", "--json"],
        cwd=course.root,
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        preexec_fn=lambda: forbid(landlock.SYS_CREATE_RULESET, ENOSYS),
    )
    assert done.returncode != 0
    (result,) = json.loads(done.stdout)["results"] if done.stdout.strip() else ({},)
    said = result.get("reason", "") or done.stderr
    assert "needs Landlock" in said
    assert "\n" not in result.get("reason", "")
    assert not (course.root / "autograded" / "anna").exists()


def test_it_says_what_the_machine_can_do() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "millwright_grader.sandbox"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert f"files (Landlock): version {landlock.abi()}" in done.stdout
    refused = subprocess.run(
        [sys.executable, "-m", "millwright_grader.sandbox"],
        capture_output=True,
        text=True,
        preexec_fn=lambda: forbid(landlock.SYS_CREATE_RULESET, ENOSYS),
    )
    assert refused.returncode == 1
    assert "student code cannot be sealed: the sandbox needs Landlock" in refused.stdout


def test_capabilities_are_those_of_a_real_attempt() -> None:
    found = capabilities()
    assert found.landlock == landlock.abi() > 0
    assert found.seccomp
    assert found.namespaces <= {namespaces.USER, namespaces.NETWORK, namespaces.IPC}


# What a process does, and what the watch says to it.
EXCESS = {
    "files": ("[open(f'{own}/{n}', 'w').close() for n in range(300)]", "more than 200 files"),
    "folders": ("os.makedirs(own + '/d' * 400)", "more than 200 files"),
    "deep folders": (
        "os.chdir(own); [(os.mkdir('d' * 99), os.chdir('d' * 99)) for _ in range(99)]",
        "more than 200 files",
    ),
    "bytes": ("os.posix_fallocate(os.open(own + '/a', 66), 0, 30 << 20)", "more than 20 MiB"),
    "bytes without a name": (
        "f = os.open(own + '/a', 66); os.unlink(own + '/a'); os.posix_fallocate(f, 0, 30 << 20)",
        "more than 20 MiB",
    ),
    "links": (
        "[os.symlink('/', f'{own}/{n}') for n in range(300)]",
        "more than 200 files",
    ),
    "threads": (
        "[threading.Thread(target=time.sleep, args=(9,), daemon=True).start() for _ in range(60)]",
        "more than 50 threads",
    ),
    "nothing": ("open(own + '/a', 'w').write('x')", ""),
    "a hole": ("os.truncate(os.open(own + '/a', 66), 1 << 40)", ""),
}


@pytest.mark.parametrize("name", EXCESS)
def test_excess_is_seen(name: str) -> None:
    action, expected = EXCESS[name]
    script = f"import os, sys, threading, time\nown = sys.argv[1]\n{action}\ntime.sleep(9)"
    with private_folder() as folder:
        policy = Policy(own=(str(folder),), files=200, disk_bytes=20 * MIB, threads=50)
        process = subprocess.Popen([sys.executable, "-c", script, str(folder)])
        with Watch(process.pid, policy, process.kill) as watch:
            if expected:
                assert process.wait(timeout=8) < 0
            else:
                time.sleep(0.8)
                process.kill()
                process.wait()
        assert watch.exceeded.startswith(expected)
        assert bool(watch.exceeded) == bool(expected)
    assert not folder.exists()


def test_watching_costs_next_to_nothing() -> None:
    with private_folder() as folder:
        for number in range(50):
            (folder / f"{number}").touch()
        begin = time.process_time()
        with Watch(os.getpid(), Policy(own=(str(folder),)), lambda: None):
            time.sleep(2)
        assert time.process_time() - begin < 0.1
    assert threading.active_count() < 50


def test_a_private_folder_goes_whatever_is_in_it(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("not mine")
    with private_folder(parent=str(tmp_path)) as folder:
        (folder / "link").symlink_to(kept)
        (folder / "closed" / "inner").mkdir(parents=True)
        (folder / "closed" / "inner" / "file").touch(0)
        (folder / "closed" / "inner").chmod(0)
        (folder / "closed").chmod(0)
        os.mkfifo(folder / "pipe")
        (folder / "line\nend \udcff").touch()
        here = os.open(folder, os.O_RDONLY)
        try:
            for _ in range(1200):
                os.mkdir("d", dir_fd=here)
                there = os.open("d", os.O_RDONLY, dir_fd=here)
                os.close(here)
                here = there
        finally:
            os.close(here)
    assert list(tmp_path.iterdir()) == [kept]
    assert kept.read_text() == "not mine"
