"""A client that does not keep a kernel waiting that is ready at once."""

import time
from queue import Empty

from jupyter_client.asynchronous.client import AsyncKernelClient

# Seconds between looks at a kernel that does not answer, and between a kernel's answer and its
# news at first; doubled each time that they were too short.
LOOK_SECONDS = 1.0
LISTEN_SECONDS = 0.02


class PromptClient(AsyncKernelClient):
    """A kernel's client whose `wait_for_ready` returns when the kernel is ready.

    The base class then listens for 0.2 s whether anything more comes, and asks again at most every
    0.2 s. A kernel forked from a warm parent is ready in less.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when the kernel answers and what it publishes arrives here.

        Raises
        ------
        RuntimeError
            If the kernel has died, or does not answer within `timeout` seconds.
        """
        limit = time.monotonic() + (float("inf") if timeout is None else timeout)
        listen = LISTEN_SECONDS
        while True:
            request = self.kernel_info()
            try:
                reply = await self.get_shell_msg(timeout=LOOK_SECONDS)
                while reply["parent_header"].get("msg_id") != request:
                    reply = await self.get_shell_msg(timeout=LOOK_SECONDS)
                # Its last news of this request: nothing older can come after it.
                while not await self._idle_after(request, listen):
                    pass
            except Empty:
                listen *= 2
            else:
                self._handle_kernel_info_reply(reply)
                return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > limit:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _idle_after(self, request: str, seconds: float) -> bool:
        message = await self.get_iopub_msg(timeout=seconds)
        return (
            message["parent_header"].get("msg_id") == request
            and message["content"].get("execution_state") == "idle"
        )
