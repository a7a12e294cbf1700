"""The kernel provisioner: a warm kernel where one can be had, else a cold one."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner
from traitlets import List, Unicode

from .owner import (
    ForkedProcess,
    ParentError,
    WarmParent,
    forkable_arguments,
    is_ipykernel,
    shared_parent,
)

# A killed process has gone long before; one that the system cannot end is not waited for.
KILL_SECONDS = 2.0

# Parents whose failure has been told of, until they work again.
_told: set[WarmParent] = set()


async def news(process: ForkedProcess) -> None:
    """Return when there is news of a process; `LocalProvisioner` looks every 0.1 s instead."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[None] = loop.create_future()
    # Of its own, for others may wait too, or close theirs.
    descriptor = os.dup(process.fileno())
    loop.add_reader(descriptor, _arrive, arrived)
    try:
        await arrived
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _arrive(arrived: asyncio.Future[None]) -> None:
    if not arrived.done():
        arrived.set_result(None)


async def ended(process: ForkedProcess) -> None:
    """Return when a process has ended."""
    while process.poll() is None:
        await news(process)


class WarmProvisioner(LocalProvisioner):
    """Launch IPython kernels by forking a parent that has imported what they use.

    Choose it in a kernelspec (`metadata.kernel_provisioner.provisioner_name: "warm"`, with `config`
    for its traits), or for every kernel of a process with the environment variable
    `JUPYTER_DEFAULT_PROVISIONER_NAME=warm` or `KernelProvisionerFactory.default_provisioner_name`.

    Kernels of other languages, and kernels whose launch asks for more than a fork can give, start
    as `LocalProvisioner` starts them.
    """

    imports = List(
        Unicode(),
        [
            *("numpy", "scipy.integrate", "scipy.optimize", "scipy.signal", "scipy.stats"),
            *("pandas", "matplotlib.pyplot", "control", "sympy", "ipywidgets"),
        ],
        help="Modules that every kernel finds imported. They must not start threads.",
    ).tag(config=True)

    def warm_parent(self, cmd: Sequence[str]) -> WarmParent | None:
        """Return the parent, started or not, for a kernel's command; None if none fits."""
        if not is_ipykernel(cmd):
            return None
        return shared_parent(shutil.which(cmd[0]) or cmd[0], self.imports)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Launch the kernel; called by the kernel manager after `pre_launch`."""
        parent = self.warm_parent(cmd)
        if (
            parent is not None
            and not parent.rests
            and forkable_arguments(kwargs)
            and parent.suits(os.environ if kwargs.get("env") is None else kwargs["env"])
        ):
            try:
                info = await self._fork(cmd, **kwargs)
                _told.discard(parent)
                return info
            except ParentError as error:
                self.tell(parent, error)
        return await super().launch_kernel(cmd, **kwargs)

    def tell(self, parent: WarmParent, error: ParentError) -> None:
        """Warn that kernels start cold, once for each parent."""
        if parent not in _told:
            _told.add(parent)
            self.log.warning("Kernels start cold, because no warm one could be had: %s", error)

    async def wait(self) -> int | None:
        """Wait for the kernel's end; called by the kernel manager, with a timeout of its own."""
        if isinstance(self.process, ForkedProcess):
            await ended(self.process)
        return await super().wait()

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel; its end is waited for, since the kernel manager would look too late."""
        process = self.process
        await super().kill(restart)
        if isinstance(process, ForkedProcess):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended(process), KILL_SECONDS)

    def request(self) -> dict[str, Any]:
        """Return what a subclass adds to the request for a fork, see `WarmParent.fork`."""
        return {}

    async def _fork(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        parent = shared_parent(shutil.which(cmd[0]) or cmd[0], self.imports)
        env = kwargs.get("env")
        env = dict(os.environ) if env is None else dict(env)
        cwd = str(kwargs.get("cwd") or Path.cwd())
        more: dict[str, Any] = {
            "stdout": kwargs.get("stdout"),
            "stderr": kwargs.get("stderr"),
            **self.request(),
        }
        await asyncio.to_thread(parent.start)
        try:
            process = parent.fork(cmd[2:], env, cwd, **more)
        except ParentError:
            # It died since its last kernel; once it is worth a new one.
            await asyncio.to_thread(parent.start)
            process = parent.fork(cmd[2:], env, cwd, **more)
        # It has the methods of the Popen that LocalProvisioner keeps here.
        self.process = process  # type: ignore[assignment]
        self.pid = self.pgid = process.pid
        self.cwd = cwd
        return self.connection_info
