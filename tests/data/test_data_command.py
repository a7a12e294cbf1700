"""``millwright-data`` as a person meets it: one line per trouble, a bar while it works."""

import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from millwright_data import store
from millwright_data.app import main
from millwright_data.cards import CARDS, ids


def test_list_shows_every_set(capsys) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(ids())


def test_info_tells_what_the_card_knows(capsys) -> None:
    assert main(["info", "steel-industry-energy"]) == 0
    told = capsys.readouterr().out
    for fact in (
        "CC BY 4.0",
        "35040 rows",
        "lagging_power_factor [%]",
        "known faults",
        "DOI 10.1080",
    ):
        assert fact in told


@pytest.mark.parametrize("command", ["info", "fetch", "verify"])
def test_an_unknown_id_is_one_line(command, capsys) -> None:
    assert main([command, "cmaps"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "millwright-data: there is no data set 'cmaps': did you mean cmapss?\n"


@pytest.mark.parametrize(
    "line", [[], ["fetch"], ["verify"], ["info"], ["fetch", "--all", "toy"], ["x"]]
)
def test_a_command_line_without_sense_ends_with_2(line, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        main(line)
    assert caught.value.code == 2


def test_fetch_then_verify(toy, toy_card, cache, monkeypatch, capsys) -> None:
    assert main(["verify", "--all"]) == 0
    assert capsys.readouterr().out == "toy: not here\n"
    assert main(["verify", "toy"]) == 1
    assert "run `millwright-data fetch toy`" in capsys.readouterr().err
    monkeypatch.setenv(store.MIRROR_VARIABLE, str(toy.mirror))
    assert main(["fetch", "--all"]) == 0
    assert capsys.readouterr().out == f"toy: {cache / 'toy'}\n"
    assert main(["verify", "toy"]) == 0
    assert capsys.readouterr().out == "toy: right, 4 files\n"


def test_verify_names_a_damaged_copy(toy, toy_card, cache, monkeypatch, capsys) -> None:
    monkeypatch.setenv(store.MIRROR_VARIABLE, str(toy.mirror))
    main(["fetch", "toy"])
    (cache / "toy/LICENSE").write_text("none?")
    capsys.readouterr()
    assert main(["verify", "--all"]) == 1
    _, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert f"{cache / 'toy/LICENSE'} is damaged" in err
    assert main(["fetch", "toy"]) == 0
    assert main(["verify", "--all"]) == 0


def test_one_set_that_fails_does_not_stop_the_others(
    toy, toy_card, cache, tmp_path, monkeypatch, capsys
):
    (tmp_path / "cards").mkdir()
    for name in ("a-toy", "toy"):
        text = (toy.cards / "toy.toml").read_text().replace('id = "toy"', f'id = "{name}"')
        (tmp_path / f"cards/{name}.toml").write_text(text)
    monkeypatch.setattr("millwright_data.cards.CARDS", tmp_path / "cards")
    monkeypatch.setenv(store.MIRROR_VARIABLE, str(toy.mirror))
    assert main(["fetch", "--all"]) == 1
    out, err = capsys.readouterr()
    assert out == f"toy: {cache / 'toy'}\n"
    assert err.startswith("millwright-data: a-toy: no right copy of")
    assert err.count("\n") == 1


def test_a_terminal_sees_a_progress_bar(toy, toy_card, web) -> None:
    outer, inner = pty.openpty()
    termios.tcsetwinsize(inner, (24, 80))
    environment = os.environ | {store.MIRROR_VARIABLE: f"{web}/slow"}
    process = subprocess.Popen(
        toy.fetching(), env=environment, stdout=subprocess.DEVNULL, stderr=inner
    )
    os.close(inner)
    seen = b""
    while True:
        try:
            block = os.read(outer, 4096)
        except OSError:  # the other side has closed the terminal
            break
        if not block:
            break
        seen += block
    os.close(outer)
    assert process.wait() == 0
    assert b"100%" in seen
    assert seen.count(b"\r") > 1


def test_digest_writes_the_files_of_a_new_card(toy, capsys) -> None:
    assert main(["digest", str(toy.mirror / "toy")]) == 0
    printed = {line.strip(" ,") for line in capsys.readouterr().out.splitlines()}
    in_card = {line.strip(" ,") for line in (toy.cards / "toy.toml").read_text().splitlines()}
    assert len(printed & in_card) == 4, "bracket, two files, bracket"
    assert main(["digest", str(CARDS / "nowhere")]) == 1
    assert "is not a folder" in capsys.readouterr().err


def test_the_installed_command_answers(tmp_path: Path) -> None:
    command = ["millwright-data", "list", "--markdown"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        command,
        env=os.environ | {"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("| id |")
