"""The kernel provisioner: a warm kernel where one can be had, else a cold one."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner
from traitlets import List, Unicode

from .owner import ForkedProcess, ParentError, forkable_arguments, is_ipykernel, shared_parent


async def readable(process: ForkedProcess) -> None:
    """Return when there is news of a process; `LocalProvisioner` looks every 0.1 s instead."""
    loop = asyncio.get_running_loop()
    news: asyncio.Future[None] = loop.create_future()
    descriptor = process.fileno()
    loop.add_reader(descriptor, _arrive, news)
    try:
        await news
    finally:
        loop.remove_reader(descriptor)


def _arrive(news: asyncio.Future[None]) -> None:
    if not news.done():
        news.set_result(None)


class WarmProvisioner(LocalProvisioner):
    """Launch IPython kernels by forking a parent that has imported what they use.

    Choose it in a kernelspec (`metadata.kernel_provisioner.provisioner_name: "warm"`, with `config`
    for its traits), or for every kernel of a process with the environment variable
    `JUPYTER_DEFAULT_PROVISIONER_NAME=warm`.

    Kernels of other languages, and kernels whose launch asks for more than a fork can give, start
    as `LocalProvisioner` starts them.
    """

    imports = List(
        Unicode(),
        ["numpy", "scipy", "pandas", "matplotlib.pyplot", "control", "sympy", "ipywidgets"],
        help="Modules that every kernel finds imported. They must not start threads.",
    ).tag(config=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Launch the kernel; called by the kernel manager after `pre_launch`."""
        if is_ipykernel(cmd) and forkable_arguments(kwargs):
            try:
                return await self._fork(cmd, **kwargs)
            except ParentError as error:
                self.log.warning(
                    "A kernel starts cold, because no warm one could be had: %s", error
                )
        return await super().launch_kernel(cmd, **kwargs)

    async def wait(self) -> int | None:
        """Wait for the kernel's end; called by the kernel manager, with a timeout of its own."""
        if isinstance(self.process, ForkedProcess):
            while self.process.poll() is None:
                await readable(self.process)
        return await super().wait()

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
