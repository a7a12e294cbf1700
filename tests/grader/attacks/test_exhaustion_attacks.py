"""Attacks on the machine and on who comes next: time, memory, threads, disk, output, leftovers."""

import os
import textwrap
from pathlib import Path

import psutil
import pytest
from arena import FULL, Arena, Attack, attack, without
from millwright_grader.sandbox import missing
from nbformat import NotebookNode

pytestmark = [
    pytest.mark.attacks,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]

# What may be left of the points, where an attack spoils its own process as well.
ANY = {name: {0, None, points} for name, points in FULL.items()}


def code(text: str, *flags: str, **more: object) -> Attack:
    return attack(textwrap.dedent(text).strip(), *flags, **more)  # type: ignore[arg-type]


def beside(text: str, *flags: str) -> Attack:
    """Attack in a cell of its own, before honest answers; they may fall with it."""
    source = textwrap.dedent(text).strip()
    return Attack({"top": source}, scores=ANY, flags=frozenset(flags))


def nested(node: NotebookNode, _: Path) -> None:
    deep: list[object] = []
    for _ in range(500):
        deep = [deep]
    node.metadata["deep"] = deep


CLASS = {
    # the list
    "43-endless": code("def square(value):\n    while True: pass", "timeout"),
    "43-ignores-interrupts": code(
        """
        import signal
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        def formula():
            while True: pass
        """,
        task="formula",
        # A later answer counts if its process could be freed.
        scores=without("formula") | {"drive-test": {0, 2}},
    ),
    "43-catches-interrupts": code(
        """
        def formula():
            while True:
                try:
                    while True: pass
                except BaseException: pass
        """,
        task="formula",
        # A later answer counts if its process could be freed.
        scores=without("formula") | {"drive-test": {0, 2}},
    ),
    "43-sleeps": code("import time\ndef square(value):\n    time.sleep(1e6)", "timeout"),
    "43-waits-for-input": code(
        "def square(value):\n    return int(open(0).read() or input()) and 0"
    ),
    "43-expression": code(
        "import re\ndef square(value):\n    return len(re.findall('(a+)+$', 'a' * 40 + 'b'))",
        scores=ANY | {"square-test": 0},
    ),
    "44-at-once": code("def square(value):\n    return [0] * 10**12"),
    "44-slowly": code(
        """
        def square(value):
            kept = []
            while True:
                kept.append(bytearray(16 << 20))
        """,
        scores=ANY | {"square-test": 0},
    ),
    "44-at-definition": beside("kept = [bytes(16 << 20) for _ in range(10_000)]"),
    "44-in-the-checker": code(
        "def square(value):\n    return range(10**15)",
        scores={"square-test": 0},
    ),
    "44-in-the-checker-wide": code(
        "def mean(values):\n    return [['x' * 1000] * 900] * 1000",
        task="mean",
        scores=ANY | {"mean-test": 0},
    ),
    "45-fork-bomb": code("import os\ndef square(value):\n    while True: os.fork()"),
    "45-threads": code(
        """
        import threading, time
        threading.stack_size(64 << 10)
        def formula():
            for _ in range(5000):
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        """,
        task="formula",
        scores=ANY | {"formula-test": 0},
    ),
    "46-daemon": code(
        """
        import os
        def square(value):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    while True: pass
            return 0
        """
    ),
    "46-thread-stays": code(
        """
        import threading
        def spin():
            while True: pass
        threading.Thread(target=spin, daemon=True).start()
        def square(value): return 0
        """,
        scores=ANY | {"square-test": 0},
    ),
    "47-large-file": code(
        "def square(value):\n    open('big', 'wb').write(bytes(80 << 20))\n    return 0"
    ),
    "47-many-large-files": beside(
        """
        import os, time
        for number in range(40):
            with open(f"big{number}", "wb") as file:
                os.posix_fallocate(file.fileno(), 0, 32 << 20)
        time.sleep(1.5)
        """,
        "excess",
    ),
    "47-deleted-files": beside(
        """
        import os, time
        kept = []
        for number in range(40):
            file = open(f"big{number}", "wb", 0)
            os.posix_fallocate(file.fileno(), 0, 32 << 20)
            os.unlink(f"big{number}")
            kept.append(file)
        time.sleep(1.5)
        """,
        "excess",
    ),
    "47-many-files": beside(
        """
        import time
        for number in range(20_000):
            open(f"f{number}", "w").close()
            if number % 1000 == 0: time.sleep(0.1)
        time.sleep(1)
        """,
        "excess",
    ),
    "47-deep-folders": beside(
        """
        import os
        for _ in range(1500):
            os.mkdir("d" * 20)
            os.chdir("d" * 20)
        """
    ),
    "47-closed-folders": beside(
        """
        import os
        os.umask(0o777)
        os.makedirs("closed")
        os.mkdir("also", 0)
        """
    ),
    "47-shared-memory": code(
        "def square(value):\n    open('/dev/shm/x', 'wb').write(bytes(1 << 20))\n    return 0"
    ),
    "48-prints-for-ever": beside("while True: print('x' * 1000)"),
    "48-one-line": beside("print('x' * 10_000_000)"),
    "48-small-outputs": beside("for number in range(3000): display(number)"),
    "48-large-picture": beside(
        "from IPython.display import Image\ndisplay(Image(bytes(30 << 20), format='png'))"
    ),
    "48-errors": code(
        "def square(value):\n    raise ValueError('x' * 5_000_000)\n"
        "raise ValueError('x' * 5_000_000)"
    ),
    "48-widgets": beside(
        """
        from ipykernel.comm import Comm
        for number in range(500):
            Comm(target_name="jupyter.widget", data={"state": {"x": "y" * 1000}})
        """
    ),
    "50-deep-metadata": Attack(scores=FULL, change=nested),
    "51-processors": code(
        """
        import os
        os.environ["OPENBLAS_NUM_THREADS"] = "64"
        def mean(values):
            a = np.random.rand(600, 600)
            for _ in range(10): a = a @ a / 600
            return 0
        """,
        task="mean",
    ),
    # behind it
    "descriptors": beside("import os\nkept = [os.dup(1) for _ in range(10_000)]"),
    "pipes": beside("import os\nkept = [os.pipe() for _ in range(10_000)]"),
    "timers": beside(
        """
        import ctypes
        libc, timer = ctypes.CDLL(None), ctypes.c_void_p()
        for _ in range(100_000): libc.syscall(222, 0, 0, ctypes.byref(timer))
        """
    ),
    "recursion": code(
        "import sys\nsys.setrecursionlimit(10**9)\ndef formula():\n    return formula()",
        task="formula",
        scores=ANY | {"formula-test": 0},
    ),
    "deep-answer": code(
        """
        def square(value):
            deep = []
            for _ in range(100_000): deep = [deep]
            return deep
        """
    ),
    "round-answer": code(
        "def square(value):\n    around = {}\n    around['self'] = [around]\n    return around"
    ),
    "long-lies": code(
        """
        class Long(list):
            def __len__(self): return 2**62
            def __iter__(self):
                while True: yield 1
        def mean(values): return Long()
        """,
        task="mean",
    ),
    "endless-answer": code(
        "import itertools\ndef rate(k):\n    return itertools.count()", task="rate"
    ),
    "large-number": code("def square(value):\n    return 10**100_000"),
    "closes-its-line": code(
        "import os\ndef formula():\n    os.closerange(3, 200)\n    return 0",
        task="formula",
        scores=ANY | {"formula-test": 0},
    ),
    "closes-the-line-first": beside("import os\nos.close(3)"),
    "silent-kernel": beside(
        """
        kernel = get_ipython().kernel
        kernel.shell_stream = kernel.iopub_socket = None
        kernel.session.send = lambda *args, **kwargs: None
        """
    ),
    "lying-kernel": beside(
        """
        kernel = get_ipython().kernel
        session, parent = kernel.session, kernel.get_parent()
        nonsense = [None, 5, "x", [], {}, [1, {}], {"a": None}, "\\ud800", float("nan")]
        kinds = ["stream", "display_data", "execute_result", "error", "status", "clear_output",
                 "update_display_data", "execute_input", "execute_reply", "evil", "comm_open"]
        for kind in kinds:
            for value in nonsense:
                for key in ("text", "name", "data", "metadata", "transient", "execution_count",
                            "traceback", "ename", "execution_state", "status", "wait"):
                    good = {"name": "stdout", "text": "t", "data": {"text/plain": "d"},
                            "ename": "e", "evalue": "v", "traceback": [],
                            "execution_state": "busy"}
                    try:
                        session.send(kernel.iopub_socket, kind, content=good | {key: value},
                                     parent=parent)
                    except Exception:
                        pass
        kernel.iopub_socket.send_multipart([b"x", b"<IDS|MSG>", b"", b"", b"", b"", b""])
        kernel.iopub_socket.send(b"noise")
        """
    ),
    "lying-replies": beside(
        """
        kernel = get_ipython().kernel
        real = kernel.session.send
        def send(stream, kind, content=None, *args, **kwargs):
            if kind == "execute_reply":
                content = {"status": ["ok"], "payload": 5, "execution_count": "many"}
            return real(stream, kind, content, *args, **kwargs)
        kernel.session.send = send
        """
    ),
    "lying-wire": Attack(
        {
            "top": textwrap.dedent(
                """
                import os, struct
                for said in (b"", b"nonsense", b"[" * 100_000, b'{"a": NaN}', b'"\\xff"',
                             b"[1, 2, 3]", b'["stream"]', b'[[], {}]',
                             b'["stream", {"name": 7, "text": 5}]',
                             b'["execute_reply", {"status": "ok", "order": 0}]',
                             b'["execute_reply", {"status": {}, "order": [1]}]',
                             b'["status", {"execution_state": "idle"}]'):
                    os.write(4, struct.pack("!I", len(said)) + said)
                """
            ).strip()
        },
        scores=FULL,
    ),
    "answers-too-early": beside(
        """
        import json, os, struct, time
        for order in range(1, 50):
            said = json.dumps(["execute_reply", {"status": "ok", "order": order}]).encode()
            os.write(4, struct.pack("!I", len(said)) + said)
        time.sleep(1)
        """
    ),
    "endless-message": beside("import os\nos.write(4, bytes([255]) * 5)", "kernel-died"),
    "half-a-message": beside("import os\nos.write(4, bytes([0, 0, 1, 0]))"),
    "closes-the-wire": beside("import os\nos.close(4)", "kernel-died"),
    "takes-the-orders": beside(
        """
        import socket, threading
        wire = socket.socket(fileno=4)
        threading.Thread(target=lambda: [wire.recv(100) for _ in range(1000)], daemon=True).start()
        """
    ),
    "halves-of-characters": Attack(
        {"top": "print('\\ud800 \\x00 \\x1b[2J')\ndisplay({'text/plain': '\\udfff'}, raw=True)"},
        scores=FULL,
    ),
    "leaves-state": beside(
        """
        import builtins, numpy, os, random, sys, tempfile
        numpy.random.seed(0); random.seed(0)
        numpy.isclose = numpy.allclose = lambda *args, **kwargs: True
        builtins.POISON = sys.POISON = numpy.POISON = "poison"
        os.environ["POISON"] = "poison"
        for folder in (tempfile.gettempdir(), "/tmp", "/var/tmp", os.path.expanduser("~")):
            try: open(os.path.join(folder, "poison"), "w").close()
            except OSError: pass
        """
    ),
    # After that one by name, and so in the order of grading.
    "leaves-state-next": Attack(
        {
            "top": "import builtins, numpy, os, sys\n"
            "print([hasattr(m, 'POISON') for m in (builtins, numpy, sys)], 'POISON' in os.environ,"
            " numpy.isclose(1, 2), os.listdir('.'), numpy.random.rand())"
        },
        scores=FULL,
    ),
}


@pytest.mark.parametrize("name", CLASS)
def test_it_gains_nothing(arena: Arena, name: str) -> None:
    arena.outcome(name)


def test_neighbours_are_untouched(arena: Arena) -> None:
    arena.neighbours_are_untouched()


def test_each_attack_ends_within_its_budget(arena: Arena) -> None:
    # 12 s for its cells, and what it takes to find out that a kernel does not answer.
    seconds = {name: arena.results[name]["seconds"] for name in CLASS}
    assert max(seconds.values()) < 90, seconds


def test_nothing_of_them_lives_on(arena: Arena) -> None:
    home = str(arena.root)
    for process in psutil.process_iter(["cwd", "ppid"]):
        assert not str(process.info["cwd"] or "").startswith(home), process
    assert not list(Path("/tmp").glob("poison"))
    assert not os.path.exists("/dev/shm/x")  # noqa: PTH110


def test_what_is_kept_of_them_is_small(arena: Arena) -> None:
    for name in CLASS:
        path = arena.folder(name, "autograded") / "ps1.ipynb"
        assert path.stat().st_size < 5_000_000, name


def test_state_of_one_is_not_seen_by_the_next(arena: Arena) -> None:
    (cell,) = [one for one in arena.autograded("leaves-state-next").cells if one.get("id") == "top"]
    seen = cell.outputs[0].text
    assert seen.startswith("[False, False, False] False False ['data.csv'")
    assert "poison" not in seen
    # Whoever seeds its generator seeds its own.
    assert "0.5488135" not in seen
