"""Can every user of this machine's demo class have an account of their own?

`find_obstacle` tries it instead of guessing: it runs Python under a numeric account and lets it
look at the files that a server needs.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import run_as
from demo import FIRST_ACCOUNT, HERE, ROOT, Account, Demo

# Prints those of its arguments that the account cannot read or, for folders, pass through.
LOOK = """
import os, sys
for path in sys.argv[1:]:
    if not os.access(path, os.X_OK if os.path.isdir(path) else os.R_OK):
        print(path)
"""


def find_obstacle(demo: Demo) -> str:
    """Why users cannot be separated, in words for the person at the terminal; '' if they can."""
    if os.geteuid() != 0:
        return "the hub was not started by root"
    packages = [ROOT / root for root in ("labs", "datasets", "autograder")]
    hub = importlib.util.find_spec("jupyterhub")
    assert hub
    assert hub.origin
    needed = [Path(hub.origin), HERE / "deliver.py", *packages, demo.state]
    tried = probe([sys.executable, "-c", LOOK, *map(str, needed)], [])
    if tried.returncode != 0:
        return f"a numeric account cannot run {sys.executable} ({last_line(tried.stderr)})"
    if unreadable := tried.stdout.splitlines():
        return f"other accounts cannot read {unreadable[0]}"
    return ""


def teachers_folders(demo: Demo) -> list[Path]:
    """Folders of the repository that hold solutions, hidden tests or their history."""
    folders = [ROOT / "courses", ROOT / "tests", ROOT / "release", ROOT / ".git"]
    if ROOT not in demo.courses_folder.parents:
        folders.append(demo.courses_folder)
    return [folder for folder in folders if folder.is_dir()]


def can_hide(folders: list[Path]) -> bool:
    """Whether this machine lets root hide folders from a process."""
    return probe(["true"], folders).returncode != run_as.NOT_ALLOWED


def probe(command: list[str], hidden: list[Path]) -> subprocess.CompletedProcess[str]:
    """Run a command under the first numeric account."""
    account = Account("probe", Path("/"), FIRST_ACCOUNT)
    return subprocess.run(
        account.command(command, hidden), cwd="/", capture_output=True, text=True, check=False
    )


def last_line(text: str) -> str:
    """The line of a traceback that says what happened."""
    return (text.strip().splitlines() or ["no reason given"])[-1]
