"""Starting a server for a person, under the account that the demo class gives to that person."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from demo import BIN, HERE, Account, Demo
from jupyterhub.spawner import SimpleLocalProcessSpawner
from traitlets import Instance, default

# The console script, not `python -m`: that would import a student's own `random.py` first.
SERVER = [str(BIN / "jupyterhub-singleuser")]


class AccountSpawner(SimpleLocalProcessSpawner):
    """Run each server under its user's numeric account, in its user's home.

    JupyterHub's local spawner takes accounts from the system's user list; this one takes them
    from `Demo`, so that no account has to be created. Where the class shares one account it does
    what SimpleLocalProcessSpawner does. Users named in `Demo.courses` as graders get the course
    directory as their root and formgrader.
    """

    demo = Instance(Demo)

    @default("demo")
    def _demo_default(self) -> Demo:
        return Demo.from_environment(os.environ)

    @property
    def account(self) -> Account:
        """What this user's processes run as."""
        return self.demo.account(self.user.name)

    @property
    def course(self) -> str:
        """The course that this user grades; empty for people."""
        graders = {self.demo.grader(course.name): course.name for course in self.demo.courses}
        return graders.get(self.user.name, "")

    @property
    def role(self) -> str:
        """What configures the server: a key of `demo.ROLES`."""
        return "grader" if self.course else self.demo.role(self.user.name)

    def make_preexec_fn(self, name: str) -> None:
        """Nothing runs between fork and exec; run_as.py changes the account."""
        return None

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Add who the user is; called by `get_env`."""
        return env | self.demo.server_environment(self.user.name, self.role, self.course)

    async def start(self) -> tuple[str, int]:
        """Deliver new lessons, then start the server; called by the hub."""
        hidden = [] if self.course else self.demo.hidden
        self.cmd = self.account.command(SERVER, hidden)
        folder = self.account.home
        if self.course:
            folder = self.demo.course_directory(self.course)
            self.notebook_dir = str(folder)
            self.default_url = "/lab?formgrader=true"
        else:
            self.default_url = "/lab/tree/Welcome.md"
            await self.deliver(self.demo.handout(self.role), folder)
        # Terminals start here.
        self.popen_kwargs = {"cwd": str(folder)}
        address: tuple[str, int] = await super().start()
        return address

    async def deliver(self, source: Path, target: Path) -> None:
        """Update the hand-outs in a home, under the owner's account."""
        command = [sys.executable, str(HERE / "deliver.py"), str(source), str(target)]
        process = await asyncio.create_subprocess_exec(
            *self.account.command(command),
            env=self.user_env({}),
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        if said:
            self.log.warning("Hand-outs for %s: %s", self.user.name, said.decode().strip())

    def load_state(self, state: dict[str, Any]) -> None:
        """Forget the process of an earlier hub; called when the hub starts.

        run.py has ended every process of an earlier run, so the number may belong to a stranger
        by now, and `stop` would kill that stranger.
        """
        super().load_state({key: value for key, value in state.items() if key != "pid"})
