"""What cannot start says why in one message with the next step, and touches nothing."""

import socket
import subprocess
from pathlib import Path

import pytest
import stand_in
from running import RunningHub


@pytest.fixture
def hub(tmp_path: Path) -> RunningHub:
    stand_in.make_course(tmp_path / "courses")
    return RunningHub(tmp_path / "state", tmp_path / "courses", tmp_path / "apps")


def refusal(hub: RunningHub, *more: str) -> str:
    """Start, expect a refusal, return its one line."""
    tried = subprocess.run(
        hub.command(*more), capture_output=True, text=True, timeout=60, check=False
    )
    assert tried.returncode == 1
    assert "Traceback" not in tried.stderr
    lines = tried.stderr.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_port_in_use(hub: RunningHub) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", hub.port))
        other.listen()
        assert f"Port {hub.port} is in use" in (line := refusal(hub))
        assert "--port" in line


def test_folder_of_somebody_else(hub: RunningHub) -> None:
    hub.state.mkdir()
    (hub.state / "thesis.tex").write_text("work of years")
    assert "--state" in refusal(hub)
    assert "--state" in refusal(hub, "--reset")
    assert [path.name for path in hub.state.iterdir()] == ["thesis.tex"]


def test_no_course(hub: RunningHub, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    hub.courses = tmp_path / "nothing"
    assert "--courses" in refusal(hub)
