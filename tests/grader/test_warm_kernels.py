"""A warm kernel is a normal kernel that starts at once."""

import ast
import contextlib
import os
import re
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
    WarmParent,
    begin_ahead,
    close_shared_parents,
    interpreter_settings,
    launch_ahead,
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


def parent_of(client: BlockingKernelClient) -> int:
    """The process that a kernel was forked from, or this one."""
    return int(value(client, "__import__('os').getppid()"))


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
        # The kernel would drop what comes right after an error otherwise.
        request = client.execute(
            "print('asleep', flush=True); import time; time.sleep(60)", stop_on_error=False
        )
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


def test_kernel_that_is_asked_to_end_tidies_up(either: str, tmp_path: Path) -> None:
    with kernel(either, cwd=str(tmp_path)) as (manager, client):
        client.execute_interactive(
            "import atexit, pathlib\natexit.register(pathlib.Path('tidied').touch)", timeout=60
        )
        manager.shutdown_kernel()
    assert (tmp_path / "tidied").exists()
    assert not Path(manager.connection_file).exists()


def test_kernel_asks_for_input(either: str) -> None:
    with kernel(either) as (_, client):
        client.execute("name = input('Who? ')", allow_stdin=True)
        assert client.get_stdin_msg(timeout=30)["content"]["prompt"] == "Who? "
        client.input("Ada")
        assert value(client, "name") == "'Ada'"


def test_widget_talks_both_ways(either: str) -> None:
    with kernel(either) as (_, client):
        client.execute("from ipywidgets import IntSlider; slider = IntSlider(3); slider")
        comms = {}
        while "IntSliderModel" not in comms:
            message = client.get_iopub_msg(timeout=30)
            if message["msg_type"] == "comm_open":
                state = message["content"]["data"]["state"]
                comms[state["_model_name"]] = message["content"]["comm_id"]
        update = {"method": "update", "state": {"value": 7}, "buffer_paths": []}
        content = {"comm_id": comms["IntSliderModel"], "data": update}
        client.shell_channel.send(client.session.msg("comm_msg", content))
        assert value(client, "slider.value") == "7"


def test_debugger_attaches_and_stops_at_nothing(either: str) -> None:
    with kernel(either) as (_, client):
        for number, (command, arguments) in enumerate(
            [
                ("initialize", {"clientID": "test", "adapterID": ""}),
                ("attach", {}),
                ("debugInfo", {}),
            ]
        ):
            content = {"type": "request", "seq": number, "command": command, "arguments": arguments}
            client.control_channel.send(client.session.msg("debug_request", content))
            reply = client.get_control_msg(timeout=60)["content"]
            assert reply["success"], (command, reply)
        assert reply["body"]["isStarted"]
        assert value(client, "1 + 1") == "2"


def test_shell_commands_completion_and_help_work(either: str) -> None:
    with kernel(either) as (_, client):
        said: list[str] = []
        client.execute_interactive(
            "import numpy as np\n!echo from the shell",
            timeout=60,
            output_hook=lambda message: said.append(message["content"].get("text", "")),
        )
        assert "from the shell" in "".join(said)
        completion = client.complete("np.lins", reply=True, timeout=60)
        assert completion["content"]["matches"] == ["linspace"] or "np.linspace" in str(completion)
        assert client.inspect("np.linspace", reply=True, timeout=60)["content"]["found"]


def test_server_with_a_thousand_open_files_still_hears_of_the_end(either: str) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(1100):
            stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        with kernel(either) as (manager, client):
            assert value(client, "1 + 1") == "2"
            manager.shutdown_kernel(now=True)


def test_kernel_takes_its_processes_along(either: str) -> None:
    with kernel(either) as (manager, client):
        child = int(value(client, "__import__('subprocess').Popen(['sleep', '600']).pid"))
        manager.shutdown_kernel(now=True)
        assert gone(child)


# What a fork could get wrong.

IN_BOTH = ("local-provisioner", "warm")

DRAWINGS = {
    "as a lesson draws": [
        "import matplotlib.pyplot as plt, numpy as np\n"
        "t = np.linspace(0, 1, 50)\n"
        "plt.plot(t, np.sin(9 * t), label='$x_1$'); plt.title('$\\omega$ €'); plt.legend()\n"
        "plt.gca().set_xlabel('t (s)');",
        "plt.hist([1, 2, 2, 3]); plt.figure(); plt.imshow([[0, 1], [2, 3]]); plt.colorbar();",
    ],
    "in other ways": [
        "%pylab inline",
        "%config InlineBackend.figure_format = 'retina'",
        "plot([3, 1, 2]); xlabel('n');",
        "style.use('ggplot'); plot([3, 1, 2]); figure(); plot([1]);",
    ],
}


@pytest.mark.parametrize("cells", DRAWINGS.values(), ids=DRAWINGS)
def test_figures_are_those_of_a_cold_kernel(cells: list[str]) -> None:
    images = []
    for provisioner in IN_BOTH:
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        factory = KernelProvisionerFactory.instance()
        before, factory.default_provisioner_name = factory.default_provisioner_name, provisioner
        try:
            config = Config({"WarmProvisioner": {"imports": IMPORTS}})
            NotebookClient(book, kernel_name="python3", config=config).execute()
        finally:
            factory.default_provisioner_name = before
        outputs = [output for cell in book.cells for output in cell.outputs]
        images.append([o["data"]["image/png"] for o in outputs if "image/png" in o.get("data", {})])
    assert len(images[0]) == 3
    assert images[0] == images[1]


LOOKS = {
    "path": "__import__('sys').path",
    "arguments": "[a.rsplit('/')[-1] for a in __import__('sys').argv[:2]]",
    "main": "(__name__, '__file__' in globals())",
    "umask": "(lambda os: os.umask(os.umask(0)))(__import__('os'))",
    "signals": "[str(__import__('signal').getsignal(n)) for n in (1, 2, 13, 15, 17)]",
    "faulthandler": "__import__('faulthandler').is_enabled()",
    "collector": "(__import__('gc').isenabled(), __import__('gc').get_threshold())",
    "input": "__import__('os').fstat(0).st_size",
    "backend": "__import__('matplotlib').get_backend()",
    "figures": "__import__('matplotlib.pyplot').pyplot.get_fignums()",
    "style": "sorted((k, str(v)) for k, v in __import__('matplotlib').rcParams.items())",
    "environment": "sorted(set(__import__('os').environ) - {'JPY_PARENT_PID'})",
    "names": "sorted(name for name in globals() if not name.startswith('_'))",
}


def test_kernel_looks_like_a_cold_one() -> None:
    looks = []
    for provisioner in IN_BOTH:
        with kernel(provisioner) as (_, client):
            looks.append({name: value(client, look) for name, look in LOOKS.items()})
    assert looks[1] == looks[0]


def test_kernel_warns_as_a_cold_one() -> None:
    code = (
        "import warnings, numpy as np\n"
        "np.log(-1.0); np.float64(1) / 0\n"
        "for kind in (DeprecationWarning, UserWarning, ResourceWarning):\n"
        "    warnings.warn('once', kind)\n"
        "f = lambda x: x is 1"
    )
    heard = []
    for provisioner in IN_BOTH:
        with kernel(provisioner) as (_, client):
            said: list[str] = []
            client.execute_interactive(
                code,
                timeout=60,
                output_hook=lambda message, said=said: said.append(
                    message["content"].get("text", "")
                ),
            )
            heard.append(re.sub(r"\S*ipykernel_\d+\S*", "cell", "".join(said)))
    assert "invalid value" in heard[0]
    assert heard[1] == heard[0]


def test_debugger_steps_over_the_kernel_and_into_the_packages_of_a_course() -> None:
    files = []
    for provisioner in IN_BOTH:
        with kernel(provisioner) as (_, client):
            listed = value(client, "' '.join(get_ipython().kernel._kernel_modules)")
            files.append(set(ast.literal_eval(listed).split()))
    for listed_files in files:
        assert any(file.endswith("ipykernel/kernelapp.py") for file in listed_files)
        assert not any("/numpy/" in file or "/matplotlib/" in file for file in listed_files)


@pytest.mark.parametrize("provisioner", IN_BOTH)
def test_settings_of_the_folder_and_of_the_kernel_hold(provisioner: str, tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 7.5\n")
    (tmp_path / "of_this_kernel.py").write_text("there = True\n")
    env = os.environ | {"MPLBACKEND": "svg", "PYTHONPATH": str(tmp_path)}
    with kernel(provisioner, cwd=str(tmp_path), env=env) as (_, client):
        assert value(client, "__import__('matplotlib').rcParams['lines.linewidth']") == "7.5"
        assert value(client, "__import__('of_this_kernel').there") == "True"
    with kernel(provisioner, cwd=str(tmp_path), env=os.environ | {"MPLBACKEND": "svg"}) as (_, c):
        assert value(c, "__import__('matplotlib').rcParams['lines.linewidth']") == "7.5"
        assert value(c, "__import__('matplotlib').get_backend()") == "'svg'"


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
    # Its own environment, but for how Python starts: with other settings it would start cold.
    bare = {"PATH": "/usr/bin", **interpreter_settings(os.environ)}
    with kernel("warm") as (first, _), kernel("warm", env=bare) as (_, client):
        assert value(client, "'JUPYTERHUB_API_TOKEN' in __import__('os').environ") == "False"
        descriptors = value(
            client,
            "[__import__('os').readlink(f'/proc/self/fd/{n}') for n in (0, 1, 2)]",
        )
        assert first.connection_file not in descriptors
        parent = parent_of(client)
        assert "s3cret" not in Path(f"/proc/{parent}/environ").read_text()
        assert len(psutil.Process(parent).open_files()) == 0


def test_parent_has_one_thread_and_forgets_ended_kernels() -> None:
    with kernel("warm") as (_, client):
        parent = psutil.Process(parent_of(client))
    assert soon(lambda: parent.children() == [])
    assert parent.num_threads() == 1
    opened = parent.num_fds()
    for _ in range(3):
        with kernel("warm"):
            pass
    assert soon(lambda: parent.children() == [] and parent.num_fds() == opened)


def test_kernel_shares_most_of_its_memory() -> None:
    with kernel("warm") as (manager, client):
        client.execute_interactive("import numpy, matplotlib.pyplot", timeout=60)
        memory = psutil.Process(manager.provisioner.pid).memory_full_info()
        assert memory.uss < memory.rss / 2


def test_parent_that_dies_is_replaced() -> None:
    with kernel("warm") as (manager, client):
        parent = parent_of(client)
        pid = manager.provisioner.pid
        os.kill(parent, signal.SIGKILL)
        assert gone(pid), "a kernel outlived its parent"
    with kernel("warm") as (_, client):
        assert parent_of(client) not in (parent, os.getpid())
        assert value(client, "1 + 1") == "2"


UNFORKABLE = {
    "it starts a thread": (
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    ),
    "it fails": "raise OSError('no licence')\n",
    "it ends the process": "import os\nos._exit(1)\n",
}


@pytest.fixture(params=UNFORKABLE.values(), ids=UNFORKABLE)
def unforkable(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A module, new to this process, that no parent can import."""
    name = f"unforkable_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(request.param)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return name


def test_module_that_cannot_be_forked_is_refused(unforkable: str) -> None:
    reason = "leave out the module|no licence|ended while importing"
    with pytest.raises(ParentError, match=reason), warm_parent(sys.executable, [unforkable]):
        pass


def test_module_that_cannot_be_forked_is_refused_however_early(unforkable: str) -> None:
    launch_ahead(sys.executable)
    begin_ahead(sys.executable, [unforkable])
    parent, reason = WarmParent(sys.executable, [unforkable]), "leave out|no licence|ended while"
    time.sleep(1.0)  # so that it has come to an end where it does
    with pytest.raises(ParentError, match=reason):
        parent.start()


@pytest.mark.parametrize(
    ("begun", "fits"),
    [(["csv"], True), (["csv", "json"], True), ([], True), (["csv", "wave"], False)],
)
def test_parent_launched_ahead_is_taken_where_it_has_nothing_too_much(
    begun: list[str], fits: bool, tmp_path: Path
) -> None:
    launch_ahead(sys.executable)
    begin_ahead(sys.executable, begun)
    ahead = {child.pid for child in psutil.Process().children()}
    parent = WarmParent(sys.executable, ["csv", "json"])
    parent.start()
    try:
        assert (parent.pid in ahead) == fits
        loaded, null = tmp_path / "loaded", os.open(os.devnull, os.O_WRONLY)
        script = f"import sys; open({str(loaded)!r}, 'w').write(repr('wave' in sys.modules))"
        argv = ["ipykernel_launcher", "-f", str(tmp_path / "k.json"), "-c", script]
        kernel = parent.fork(argv, dict(os.environ), "/", null, null)
        assert soon(lambda: loaded.exists() and loaded.read_text() != "")
        assert loaded.read_text() == "False"
        kernel.kill()
        os.close(null)
    finally:
        parent.close()


def test_kernels_start_cold_with_one_warning_where_no_warm_one_can_be_had(
    unforkable: str, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        with caplog.at_level("WARNING"), kernel("warm", imports=[unforkable]) as (_, client):
            assert value(client, "1 + 1") == "2"
            assert parent_of(client) == os.getpid()
    assert ["start cold" in record.message for record in caplog.records].count(True) == 1


def test_what_is_not_installed_is_passed_over() -> None:
    with kernel("warm", imports=["no_such_module", "json.nothing"]) as (manager, client):
        assert value(client, "1 + 1") == "2"
        assert parent_of(client) != os.getpid(), "it started cold"
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
