"""A warm kernel is a normal kernel that starts at once."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import KernelProvisionerFactory
from millwright_grader.warm.owner import (
    ParentError,
    close_shared_parents,
    shared_parent,
    warm_parent,
)
from nbclient import NotebookClient
from traitlets.config import Config

IMPORTS = ["numpy", "matplotlib.pyplot"]


@pytest.fixture(scope="module", autouse=True)
def parents() -> Iterator[None]:
    yield
    close_shared_parents()


@contextlib.contextmanager
def kernel(
    provisioner: str, imports: list[str] = IMPORTS, **kwargs: object
) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """A real kernel, started by the named provisioner."""
    factory = KernelProvisionerFactory.instance()
    before, factory.default_provisioner_name = factory.default_provisioner_name, provisioner
    manager = KernelManager(config=Config({"WarmProvisioner": {"imports": imports}}))
    try:
        manager.start_kernel(**kwargs)
    finally:
        factory.default_provisioner_name = before
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield manager, client
    finally:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)


def value(client: BlockingKernelClient, expression: str) -> str:
    """Evaluate an expression in a kernel."""
    reply = client.execute_interactive(
        "", user_expressions={"value": expression}, silent=True, timeout=60
    )
    result = reply["content"]["user_expressions"]["value"]
    assert result["status"] == "ok", result
    return str(result["data"]["text/plain"])


def gone(pid: int) -> bool:
    """Tell whether a process ends within some seconds."""
    return soon(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie")


def soon(condition: Callable[[], bool], seconds: float = 15) -> bool:
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


# The contract: what the reference provisioner does, the warm one does.


@pytest.fixture(params=["local-provisioner", "warm"])
def either(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_kernel_runs_and_ends(either: str) -> None:
    with kernel(either) as (manager, client):
        assert value(client, "6 * 7") == "42"
        pid = int(value(client, "__import__('os').getpid()"))
        assert manager.provisioner.pid == pid
        assert manager.is_alive()
        manager.shutdown_kernel()
        assert gone(pid)


def test_kernel_gets_its_environment_and_folder(either: str, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COURSE": "control"}
    with kernel(either, env=env, cwd=str(tmp_path)) as (_, client):
        assert value(client, "__import__('os').getcwd()") == repr(str(tmp_path))
        assert value(client, "__import__('os').environ['COURSE']") == "'control'"
        assert value(client, "'USER' in __import__('os').environ") == "False"


def test_kernel_can_be_interrupted(either: str) -> None:
    with kernel(either) as (manager, client):
        request = client.execute("print('asleep', flush=True); import time; time.sleep(60)")
        while client.get_iopub_msg(timeout=30)["msg_type"] != "stream":
            pass
        time.sleep(0.5)
        manager.interrupt_kernel()
        reply = client.get_shell_msg(timeout=30)
        while reply["parent_header"]["msg_id"] != request:
            reply = client.get_shell_msg(timeout=30)
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert value(client, "1 + 1") == "2"


def test_kernel_restarts_as_a_new_one(either: str) -> None:
    with kernel(either) as (manager, client):
        client.execute_interactive("left = 1", timeout=60)
        before = manager.provisioner.pid
        manager.restart_kernel(now=True)
        client.wait_for_ready(timeout=60)
        assert manager.provisioner.pid != before
        assert gone(before)
        assert value(client, "'left' in globals()") == "False"


def test_killed_kernel_is_noticed(either: str) -> None:
    with kernel(either) as (manager, _):
        os.kill(manager.provisioner.pid, signal.SIGKILL)
        assert soon(lambda: not manager.is_alive())


def test_kernel_takes_its_processes_along(either: str) -> None:
    with kernel(either) as (manager, client):
        child = int(value(client, "__import__('subprocess').Popen(['sleep', '600']).pid"))
        manager.shutdown_kernel(now=True)
        assert gone(child)


# What a fork could get wrong.


def test_figures_are_those_of_a_cold_kernel() -> None:
    drawing = (
        "import matplotlib.pyplot as plt, numpy as np\n"
        "t = np.linspace(0, 1, 50)\n"
        "plt.plot(t, np.sin(9 * t)); plt.title('$\\\\omega$'); plt.gca().set_xlabel('t (s)');"
    )
    images = []
    for provisioner in ("local-provisioner", "warm"):
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(drawing)])
        factory = KernelProvisionerFactory.instance()
        before, factory.default_provisioner_name = factory.default_provisioner_name, provisioner
        try:
            config = Config({"WarmProvisioner": {"imports": IMPORTS}})
            NotebookClient(book, kernel_name="python3", config=config).execute()
        finally:
            factory.default_provisioner_name = before
        images.append([output["data"]["image/png"] for output in book.cells[0].outputs])
    assert len(images[0]) == 1
    assert images[0] == images[1]


def test_what_was_imported_is_there_at_once() -> None:
    with kernel("warm") as (_, client):
        assert value(client, "'numpy' in __import__('sys').modules") == "True"


def test_no_two_kernels_share_names_or_random_numbers() -> None:
    drawn = []
    for _ in range(2):
        with kernel("warm") as (_, client):
            assert value(client, "'drawn' in globals()") == "False"
            client.execute_interactive("drawn = 1", timeout=60)
            drawn.append(
                value(client, "(__import__('random').random(), __import__('numpy').random.rand())")
            )
    assert drawn[0] != drawn[1]


def test_kernel_knows_nothing_of_other_kernels_or_of_the_environment_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    close_shared_parents()
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "s3cret")
    with kernel("warm") as (first, _), kernel("warm", env={"PATH": "/usr/bin"}) as (_, client):
        assert value(client, "'JUPYTERHUB_API_TOKEN' in __import__('os').environ") == "False"
        descriptors = value(
            client,
            "[__import__('os').readlink(f'/proc/self/fd/{n}') for n in (0, 1, 2)]",
        )
        assert first.connection_file not in descriptors
        parent = int(value(client, "__import__('os').getppid()"))
        assert "s3cret" not in Path(f"/proc/{parent}/environ").read_text()
        assert len(psutil.Process(parent).open_files()) == 0


def test_parent_has_one_thread_and_forgets_ended_kernels() -> None:
    with kernel("warm") as (_, client):
        parent = psutil.Process(int(value(client, "__import__('os').getppid()")))
    assert parent.num_threads() == 1
    assert soon(lambda: parent.children() == [])


def test_parent_that_dies_is_replaced() -> None:
    with kernel("warm") as (manager, client):
        parent = int(value(client, "__import__('os').getppid()"))
        pid = manager.provisioner.pid
        os.kill(parent, signal.SIGKILL)
        assert gone(pid), "a kernel outlived its parent"
    with kernel("warm") as (_, client):
        assert int(value(client, "__import__('os').getppid()")) != parent
        assert value(client, "1 + 1") == "2"


@pytest.fixture
def unforkable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that starts a thread when it is imported."""
    (tmp_path / "starts_a_thread.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "starts_a_thread"


def test_module_that_starts_threads_is_refused(unforkable: str) -> None:
    with (
        pytest.raises(ParentError, match="leave out the module"),
        warm_parent(sys.executable, [unforkable]),
    ):
        pass


def test_kernel_starts_cold_where_no_warm_one_can_be_had(
    unforkable: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING"), kernel("warm", imports=[unforkable]) as (_, client):
        assert value(client, "1 + 1") == "2"
    warnings = [record.message for record in caplog.records if "start cold" in record.message]
    assert len(warnings) == 1
    assert unforkable in warnings[0]


def test_what_is_not_installed_is_passed_over() -> None:
    with kernel("warm", imports=["no_such_module", "json.nothing"]) as (manager, client):
        assert value(client, "1 + 1") == "2"
        parent = int(value(client, "__import__('os').getppid()"))
        assert parent != os.getpid(), "it started cold"
        assert manager.is_alive()


def test_all_ends_with_the_owner(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(
        "import os, sys, time\n"
        "from millwright_grader.warm.owner import WarmParent\n"
        "parent = WarmParent(sys.executable, [])\n"
        "parent.start()\n"
        "null = os.open(os.devnull, os.O_WRONLY)\n"
        "argv = ['ipykernel_launcher', '-f', sys.argv[1]]\n"
        "kernel = parent.fork(argv, dict(os.environ), '/', null, null)\n"
        "print(parent.pid, kernel.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, script, tmp_path / "k.json"], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    pids = [int(word) for word in owner.stdout.readline().split()]
    assert all(psutil.pid_exists(pid) for pid in pids)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert all(gone(pid) for pid in pids)


def test_one_parent_serves_one_set_of_imports() -> None:
    assert shared_parent(sys.executable, ["json"]) is shared_parent(sys.executable, ["json"])
    assert shared_parent(sys.executable, ["json"]) is not shared_parent(sys.executable, ["csv"])
