"""The demo class: who is in it, what it teaches, where its files are.

Everything is kept in one state folder:

    class.json           passwords and numeric accounts (readable by the starting account only)
    hub/                 JupyterHub's own files: database, cookie secret, log
    handout/<role>/      what everybody gets: Welcome.md, lessons/
    homes/<user>/        home folders
    courses/<course>/    the teachers' copy of a course, with its gradebook
    exchange/            nbgrader's exchange

`Demo` is built by run.py and, from the environment that run.py sets, again by
jupyterhub_config.py.
"""

import fcntl
import json
import os
import secrets
import shutil
import socket
import sys
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BIN = Path(sys.executable).parent

# Neither Debian's user accounts (1000-59999) nor systemd's (60001-60513 homes, 61184-65519
# dynamic users) reach into this range. Each state folder gets one slot of it.
FIRST_ACCOUNT = 61000
ACCOUNTS_PER_STATE = 26
SLOTS = 7

# No letters and digits that look alike on a projector.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
PASSWORD_LENGTH = 8


# Role -> the folders in roles/ that configure its servers; an earlier one wins.
ROLES = {
    "student": ("student", "people", "everyone"),
    "teacher": ("teacher", "people", "everyone"),
    "grader": ("grader", "everyone"),
}


@dataclass(frozen=True)
class Person:
    """Somebody with a login."""

    name: str
    first_name: str
    last_name: str
    role: str  # a key of ROLES


PEOPLE = (
    Person("teacher", "Tova", "Lind", "teacher"),
    Person("anna", "Anna", "Berg", "student"),
    Person("ben", "Ben", "Okafor", "student"),
    Person("chen", "Chen", "Wei", "student"),
    Person("dara", "Dara", "Nowak", "student"),
)


@dataclass(frozen=True)
class Course:
    """A course folder with something to hand out."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name; also nbgrader's course id."""
        return self.folder.name

    @property
    def units(self) -> list[str]:
        """The assignments: every `source/<unit>/<unit>.ipynb`."""
        found = sorted(self.folder.glob("source/*/*.ipynb"))
        return [path.stem for path in found if path.stem == path.parent.name]


@dataclass(frozen=True)
class Account:
    """What a process runs as. `uid` is None where everybody shares one account."""

    name: str
    home: Path
    uid: int | None

    def command(self, command: list[str], hidden: list[Path] | None = None) -> list[str]:
        """The same command, run under this account, without sight of the hidden folders."""
        if self.uid is None:
            return command
        options = [word for folder in hidden or [] for word in ("--hide", str(folder))]
        run_as = [sys.executable, "-I", "-S", str(HERE / "run_as.py"), str(self.uid), *options]
        return [*run_as, "--", *command]

    def own(self, path: Path, mode: int) -> Path:
        """Make a folder if needed and give it to this account, with all that is in it."""
        path.mkdir(parents=True, exist_ok=True)
        uid = os.geteuid() if self.uid is None else self.uid
        if path.stat().st_uid != uid:
            give(path, uid)
        path.chmod(mode)
        return path


@dataclass
class Demo:
    """One demo class and its state folder."""

    state: Path
    port: int = 8000
    courses_folder: Path = ROOT / "courses"
    apps_folder: Path = ROOT / "labs" / "apps"
    # Folders that only teachers may see, hidden from the students' servers.
    hidden: list[Path] = field(default_factory=list)

    # ---- what is taught, and to whom

    @cached_property
    def courses(self) -> list[Course]:
        """Every folder with an nbgrader_config.py and at least one source unit."""
        found = sorted(path.parent for path in self.courses_folder.glob("*/nbgrader_config.py"))
        return [course for course in map(Course, found) if course.units]

    @property
    def lessons(self) -> dict[str, Path]:
        """Course name -> its folder of lessons; also of courses without assignments."""
        found = sorted(self.courses_folder.glob("*/lessons"))
        return {path.parent.name: path for path in found if any(path.glob("*.ipynb"))}

    @property
    def apps(self) -> list[Path]:
        """The notebooks that visitors can open."""
        return sorted(self.apps_folder.glob("*.ipynb"))

    @property
    def url(self) -> str:
        """Where a browser finds the class."""
        return f"http://127.0.0.1:{self.port}"

    # ---- the record: class.json

    @property
    def _record_file(self) -> Path:
        return self.state / "class.json"

    @cached_property
    def record(self) -> dict[str, Any]:
        """Contents of class.json; a new class gets its passwords here.

        `marker` is in the environment of every process of this class and of no other: it tells
        which processes an interrupted run has left behind.
        """
        if self._record_file.exists():
            return dict(json.loads(self._record_file.read_text()))
        return {
            "marker": secrets.token_hex(8),
            "passwords": {person.name: new_password() for person in PEOPLE},
            "accounts": {},
            "published": {},
        }

    def save(self) -> None:
        """Write class.json, readable by the starting account only."""
        unfinished = self._record_file.with_suffix(".part")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(self.record, indent=1) + "\n")
        unfinished.replace(self._record_file)

    @property
    def separated(self) -> bool:
        """Whether each user's server runs under an account of its own."""
        return bool(self.record["accounts"])

    def separate(self) -> None:
        """Give every person, course and service its own numeric account, for ever the same."""
        slot = zlib.crc32(os.fsencode(self.state)) % SLOTS
        first = FIRST_ACCOUNT + slot * ACCOUNTS_PER_STATE
        accounts = self.record["accounts"]
        free = (
            uid for uid in range(first, first + ACCOUNTS_PER_STATE) if uid not in accounts.values()
        )
        names = [person.name for person in PEOPLE] + [self.grader(c.name) for c in self.courses]
        for name in [*names, "demos", "services"]:
            if name not in accounts:
                accounts[name] = next(free)

    @staticmethod
    def role(name: str) -> str:
        """The role of a person: a key of ROLES."""
        return next(person.role for person in PEOPLE if person.name == name)

    # ---- accounts and folders

    @staticmethod
    def grader(course: str) -> str:
        """The hub user whose server is the formgrader of a course."""
        return f"grader-{course}"

    def account(self, name: str) -> Account:
        """The account of a person, a grader, or a service."""
        return Account(name, self.state / "homes" / name, self.record["accounts"].get(name))

    @property
    def owners(self) -> dict[str, int]:
        """Student -> account, where accounts are separate: who may submit for whom."""
        accounts = self.record["accounts"]
        return {person.name: accounts[person.name] for person in PEOPLE if accounts}

    @property
    def hub_folder(self) -> Path:
        """JupyterHub's own files."""
        return self.state / "hub"

    @property
    def log(self) -> Path:
        """Log of the hub and of every server it starts."""
        return self.hub_folder / "hub.log"

    def handout(self, role: str) -> Path:
        """What everybody in a role gets."""
        return self.state / "handout" / role

    @property
    def exchange(self) -> Path:
        """nbgrader's exchange."""
        return self.state / "exchange"

    def course_directory(self, course: str) -> Path:
        """The teachers' copy of a course."""
        return self.state / "courses" / course

    # ---- environments

    def environment(self) -> dict[str, str]:
        """For the hub: enough to build this object again (see `from_environment`)."""
        return {
            "MILLWRIGHT_STATE": str(self.state),
            "MILLWRIGHT_PORT": str(self.port),
            "MILLWRIGHT_COURSES": str(self.courses_folder),
            "MILLWRIGHT_APPS": str(self.apps_folder),
            "MILLWRIGHT_HIDDEN": os.pathsep.join(map(str, self.hidden)),
            "MILLWRIGHT_MARKER": self.record["marker"],
        }

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Demo":
        """The object whose `environment` this is."""
        hidden = environment["MILLWRIGHT_HIDDEN"]
        return cls(
            Path(environment["MILLWRIGHT_STATE"]),
            int(environment["MILLWRIGHT_PORT"]),
            Path(environment["MILLWRIGHT_COURSES"]),
            Path(environment["MILLWRIGHT_APPS"]),
            [Path(folder) for folder in hidden.split(os.pathsep) if folder],
        )

    def process_environment(self, name: str) -> dict[str, str]:
        """For every process under an account: who it is, where programs are."""
        return {
            "HOME": str(self.account(name).home),
            "USER": name,
            "LOGNAME": name,
            "SHELL": shutil.which("bash") or "/bin/sh",
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "MILLWRIGHT_MARKER": self.record["marker"],
            # Or each kernel prints four lines about the debugger into terminals and logs.
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            **passed_on(),
        }

    def server_environment(self, name: str, role: str, course: str = "") -> dict[str, str]:
        """For a process of a person or grader: who it is, and what configures it."""
        environment = {
            **self.process_environment(name),
            "JUPYTER_CONFIG_PATH": os.pathsep.join(str(HERE / "roles" / r) for r in ROLES[role]),
            "MILLWRIGHT_EXCHANGE": str(self.exchange),
        }
        if course:
            environment["MILLWRIGHT_COURSE_DIRECTORY"] = str(self.course_directory(course))
            environment["MILLWRIGHT_OWNERS"] = json.dumps(self.owners)
            # Templates for feedback and formgrader that load nothing from elsewhere.
            environment["JUPYTER_PATH"] = str(HERE / "roles" / "grader" / "share")
        return environment


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def passed_on() -> dict[str, str]:
    """What the person at the terminal sets for every notebook of the class."""
    names = ("MILLWRIGHT_DATA_MIRROR", "MILLWRIGHT_LANGUAGE", "TZ")
    return {name: os.environ[name] for name in names if name in os.environ}


def new_password() -> str:
    """A password that can be read aloud."""
    return "".join(secrets.choice(ALPHABET) for _ in range(PASSWORD_LENGTH))


def give(folder: Path, uid: int) -> None:
    """Change the owner of a folder and of everything in it; links are not followed."""
    os.chown(folder, uid, uid, follow_symlinks=False)
    for parent, folders, names in os.walk(folder):
        for name in folders + names:
            os.chown(Path(parent, name), uid, uid, follow_symlinks=False)


class StateLock:
    """Held while a class runs; the system releases it however the process ends.

    The file holds the address, for the message to whoever comes second.
    """

    def __init__(self, state: Path) -> None:
        self.path = state / "run.lock"

    def acquire(self, url: str) -> bool:
        """Take the lock; False if another process has it."""
        self._file = self.path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        self._file.truncate(0)
        self._file.write(url)
        self._file.flush()
        return True

    def release(self) -> None:
        """Give the lock back; a killed process does so too."""
        self._file.close()

    def holder(self) -> str:
        """Address of the class that has the lock."""
        with suppress(OSError):
            return self.path.read_text()
        return ""
