"""A Jupyter server whose kernels are warm: from its start to its end, and when things fail."""

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

pytestmark = pytest.mark.slow

START_SECONDS = 60


def soon(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait for something that happens in another process; what `condition` returns at last."""
    limit = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < limit:
        time.sleep(0.1)
    return found


@dataclass
class Server:
    """A running `jupyter server`, asked through its own interface."""

    process: psutil.Popen
    url: str
    log: Path

    def ask(self, method: str, path: str) -> Any:
        answer = requests.request(
            method, f"{self.url}/api/{path}", headers={"Authorization": "token t"}, timeout=60
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def parents(self) -> list[psutil.Process]:
        return [p for p in self.process.children() if "warm/parent.py" in " ".join(p.cmdline())]

    def kernels(self) -> list[psutil.Process]:
        return [kernel for parent in self.parents() for kernel in parent.children()]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start a server with the settings of the README, and these imports."""
    started: list[psutil.Popen] = []

    def start(imports: list[str]) -> Server:
        config = tmp_path / "config"
        config.mkdir()
        extensions = {
            "millwright_grader.warm": True,
            "nbgrader.server_extensions.formgrader": False,
        }
        (config / "jupyter_server_config.json").write_text(
            json.dumps(
                {
                    "ServerApp": {"jpserver_extensions": extensions, "port_retries": 0},
                    "IdentityProvider": {"token": "t"},
                    "KernelProvisionerFactory": {"default_provisioner_name": "warm"},
                    "WarmProvisioner": {"imports": imports},
                    "KernelRestarter": {"time_to_dead": 0.5},
                }
            )
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = os.environ | {
            "JUPYTER_CONFIG_DIR": str(config),
            "HOME": str(tmp_path),
            "PYTHONPATH": str(tmp_path),
        }
        log = tmp_path / "log"
        with log.open("w") as output:
            process = psutil.Popen(
                [sys.executable, "-m", "jupyter_server", "--allow-root", f"--port={port}"],
                cwd=tmp_path,
                env=environment,
                stdout=output,
                stderr=output,
            )
        started.append(process)
        server = Server(process, f"http://127.0.0.1:{port}", log)

        def answers() -> bool:
            try:
                return bool(server.ask("GET", "status"))
            except requests.RequestException:
                return False

        assert soon(answers, START_SECONDS), log.read_text()
        return server

    yield start
    for process in started:
        if process.is_running():
            process.terminate()
            process.wait()


def test_first_kernel_is_warm_and_nothing_stays_behind(serve: Callable[..., Server]) -> None:
    server = serve(["numpy"])
    assert soon(lambda: "Kernels are warm: numpy" in server.log.read_text())
    assert len(server.parents()) == 1
    assert server.kernels() == []
    kernel = server.ask("POST", "kernels")["id"]
    [first] = server.kernels()

    server.ask("POST", f"kernels/{kernel}/restart")
    assert soon(lambda: not first.is_running())
    [second] = server.kernels()

    # With the parent die its kernels; the server starts them anew.
    [parent] = server.parents()
    parent.kill()
    assert soon(lambda: not second.is_running())
    third = soon(server.kernels)
    assert third
    assert server.parents() != [parent]

    family = server.process.children(recursive=True)
    assert len(family) == 2
    server.process.send_signal(signal.SIGTERM)
    server.process.wait()
    _, alive = psutil.wait_procs(family, timeout=15)
    assert [process for process in alive if process.status() != "zombie"] == []


def test_server_that_is_killed_leaves_nothing_behind(serve: Callable[..., Server]) -> None:
    server = serve([])
    assert soon(lambda: "Kernels are warm" in server.log.read_text())
    server.ask("POST", "kernels")
    family = server.process.children(recursive=True)
    assert len(family) == 2
    server.process.kill()
    server.process.wait()
    _, alive = psutil.wait_procs(family, timeout=15)
    assert [process for process in alive if process.status() != "zombie"] == []


def test_import_that_fails_is_told_once_and_kernels_start_cold(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    (tmp_path / "no_licence.py").write_text("raise OSError('no licence')\n")
    server = serve(["no_licence"])
    for _ in range(2):
        server.ask("POST", "kernels")
    assert server.parents() == []
    assert len(server.process.children()) == 2
    said = soon(lambda: [line for line in server.log.read_text().splitlines() if "cold" in line])
    assert len(said) == 1
    assert "no licence" in said[0]
