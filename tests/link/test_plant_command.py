"""`millwright-plant`, and the choice of a way to a machine."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from millwright_labs import link
from millwright_labs.errors import LinkError
from millwright_labs.link.app import main
from served import Served, served


def test_the_machines_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    words = capsys.readouterr().out
    assert all(f"{name} (every" in words for name in link.STATIONS)
    assert "Q1 (%)" in words


def test_a_fault_is_switched_by_command(plant: Served) -> None:
    with link.connect(plant.address, keys=plant.keys.folder) as here:
        keys = ["--keys", str(plant.keys.folder)]
        assert main(["fault", "T1_stuck", "1", "--address", plant.address, *keys]) == 0
        assert here.wait(20.0)["T1"].iloc[-10:].nunique() == 1
        (after, severities) = here.recording.commands[-1]
        assert severities == {"T1_stuck": 1.0}
        assert after <= here.t


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "blast_furnace"], "There is no station 'blast_furnace'"),
        (["run", "dc_motor", "--case", "rusty"], "no case 'rusty'"),
        (["run", "dc_motor", "--seed", "-1"], "whole number from 0"),
        (["run", "dc_motor", "--speed", "0"], "speed must be a number above 0"),
        (["run", "dc_motor", "--speed", "nan"], "speed must be a number above 0"),
        (["run", "dc_motor", "--password-file", "nowhere"], "no password"),
        (["run", "dc_motor", "--keys", "/proc/keys"], "cannot hold keys"),
        (["run", "dc_motor", "--mqtt", "http://host"], "no MQTT address"),
        (["run", "dc_motor", "--host", "192.0.2.1", "--port", "0"], "Nothing can be served"),
        (["run", "dc_motor", "--port", "70000"], "Nothing can be served"),
        (["fault", "rust", "0.5", "--address", "opc.tcp://127.0.0.1:9"], "No plant answers"),
        (["trust", "nowhere.der"], "cannot be read"),
    ],
)
def test_wrong_parameters_get_one_clear_line(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "--keys" not in arguments:
        arguments = [*arguments, "--keys", str(tmp_path)]
    assert main(arguments) == 2
    given = capsys.readouterr()
    assert words in given.err
    assert given.err.startswith("millwright-plant: ")
    assert given.err.count("\n") == 1
    assert given.out == ""


@pytest.mark.parametrize("arguments", [[], ["run"], ["run", "dc_motor", "--seed", "x"], ["stop"]])
def test_a_wrong_call_is_explained(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_a_taken_port_is_told(
    plant: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "dc_motor", "--port", str(plant.port), "--keys", str(tmp_path)]) == 2
    assert "Choose another --port" in capsys.readouterr().err


def test_a_plant_says_how_to_connect_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    with served(tmp_path, "dc_motor") as motor:
        assert motor.process.stdout
        words = [motor.process.stdout.readline() for _ in range(3)]
        assert str(tmp_path / "password") in words[0]
        assert str(tmp_path / "server.der") in words[1]
        assert motor.address in words[2]
        motor.process.send_signal(signal.SIGINT)
        assert motor.process.wait(30) == 0


def test_certificates_are_shown_and_trusted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    assert main(["certificate", "--keys", str(there)]) == 0
    shown = capsys.readouterr().out
    assert main(["trust", str(there / "client.der"), "--keys", str(here)]) == 0
    mark = capsys.readouterr().out.split()[-1]
    assert mark in shown


ALONE = """
import resource
from millwright_labs import link
# As in a sealed grader: no socket can be opened, no process started.
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
with link.start("furnace_zone", seed=3) as furnace:
    print(type(furnace).__name__, len(furnace.wait(100.0)))
"""


def test_without_sockets_the_machine_runs_in_the_notebook(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MILLWRIGHT_LINK")
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["InProcessLink", "100"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"over": "telegraph"}, "here, opcua, mqtt"),
        ({"over": "opcua", "speed": 0.0}, "above 0"),
        ({"over": "opcua", "speed": "fast"}, "above 0"),
        ({"over": "opcua", "seed": -1}, "whole number"),
        ({"over": "opcua", "case": "rusty"}, "no case"),
    ],
)
def test_a_wrong_start_is_one_error(given: dict, words: str) -> None:
    with pytest.raises(LinkError, match=words):
        link.start("dc_motor", **given)
