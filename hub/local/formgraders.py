"""Send a teacher from `/services/<course>/…` to the course's formgrader, starting it if needed.

nbgrader's course list knows a formgrader as a hub *service* named like the course. A service
runs all day; a user's server is started when somebody wants it and stopped when idle, shows its
progress, and runs under its own account. So formgrader is the server of a hub user
`grader-<course>`, and this small service forwards to it. The hub checks who may do that.

usage: formgraders.py PORT
"""

import asyncio
import sys
from contextlib import suppress
from urllib.parse import quote

from tornado import web


class Forward(web.RequestHandler):
    """Redirect to the hub's page that starts a server and goes on to `next`."""

    def get(self, course: str, path: str) -> None:
        """Keep path and query; the course list asks for `lab?formgrader=true`.

        Lab gets a workspace named like the course. With the default one it would find that the
        teacher's own Lab has it open in the same browser, and would load a second time.
        """
        user = f"grader-{course}"
        if path in ("", "lab"):
            path = f"lab/workspaces/{course}"
        query = self.request.query or "formgrader=true"
        wanted = f"/user/{user}/{path}?{query}"
        self.redirect(f"/hub/spawn/{user}?next={quote(wanted, safe='')}")


async def main(port: int) -> None:
    """Serve until the hub stops this process."""
    web.Application([(r"/services/([\w.-]+)/(.*)", Forward)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1])))
