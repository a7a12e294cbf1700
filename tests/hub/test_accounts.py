"""Numeric accounts: what they cannot do any more, and what happens where they cannot be had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import run_as
import separation
from demo import HERE, Demo

UID = 61179

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the account")


def run(*options: str, code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(HERE / "run_as.py"), *options]
    command += ["--", sys.executable, "-I", "-S", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_root
def test_root_is_given_up_for_good() -> None:
    tried = run(
        str(UID),
        code="""
import os
print(os.getresuid(), os.getresgid(), os.getgroups())
try:
    os.setuid(0)
except PermissionError:
    print("no way back")
""",
    )
    assert tried.stdout.splitlines() == [
        f"({UID}, {UID}, {UID}) ({UID}, {UID}, {UID}) []",
        "no way back",
    ]


@needs_root
def test_a_hidden_folder_is_closed_for_this_process_alone(folder: Path) -> None:
    secret = folder / "solutions"
    secret.mkdir()
    (secret / "u1.py").write_text("42")
    look = f"import os; print(os.listdir({str(secret)!r}))"
    assert run(str(UID), code=look).stdout.strip() == "['u1.py']"
    tried = run(str(UID), "--hide", str(secret), code=look)
    if tried.returncode == run_as.NOT_ALLOWED:
        pytest.skip("this machine does not let root hide folders")
    assert "PermissionError" in tried.stderr
    assert (secret / "u1.py").read_text() == "42"


@pytest.mark.parametrize(
    "options", [["no-number"], [str(UID), "--hide"], [str(UID), "--show", "/"]]
)
def test_nothing_runs_with_wrong_options(options: list[str]) -> None:
    tried = run(*options, code="print('ran')")
    assert tried.returncode != 0
    assert "ran" not in tried.stdout


@needs_root
def test_a_folder_that_accounts_cannot_pass_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    demo = Demo(tmp_path / "state")
    demo.state.mkdir()
    assert str(demo.state) in separation.find_obstacle(demo)


def test_accounts_stay_the_same_and_are_never_shared(tmp_path: Path) -> None:
    first, again = Demo(tmp_path), Demo(tmp_path)
    first.separate()
    again.separate()
    accounts = first.record["accounts"]
    assert accounts == again.record["accounts"]
    assert len(set(accounts.values())) == len(accounts)
