"""An MQTT broker without root, for labs and tests: amqtt on the loopback address.

A school's own broker (mosquitto, say) serves as well and carries more. This one asks everybody for
a user and a password, and listens to this computer only.

`python -m millwright_labs.link.broker --port 1883 --user lab` runs one; the password comes from
the environment (MILLWRIGHT_PASSWORD) or is asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import hmac
import logging
import os
import ssl
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from millwright_labs.errors import LinkError

try:
    import amqtt.broker
    from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
    from amqtt.plugins.base import BaseAuthPlugin
except ImportError:
    raise LinkError(
        "The broker needs amqtt, which is not installed. "
        'Install it: pip install "millwright[connect]"'
    ) from None

HOST = "127.0.0.1"

#: How long amqtt may take to end, and our thread after that (s).
SHUTDOWN_SECONDS, STOP_SECONDS = 2.0, 10.0

# amqtt's own log stays open to whoever asks for it.
logging.getLogger("amqtt").addHandler(logging.NullHandler())


class Users(BaseAuthPlugin):
    """Lets in who is named with the right password, and nobody else."""

    @dataclass
    class Config:
        """Passwords by user."""

        passwords: dict[str, str] = field(default_factory=dict)

    async def authenticate(self, *, session: Any) -> bool:
        """Say whether a client may connect; amqtt asks."""
        known = self.config.passwords.get(session.username or "", "")
        given = session.password or ""
        return bool(known) and hmac.compare_digest(known.encode(), given.encode())


class Broker:
    """A broker in a thread of this process.

    Parameters
    ----------
    users : mapping of str to str
        Passwords by user. Empty: nobody can connect.
    port : int
        0 chooses a free one.
    certificate : (path, path), optional
        PEM files of certificate and private key; then clients must speak TLS.

    Attributes
    ----------
    port : int

    Raises
    ------
    LinkError
        The port is taken, or the certificate cannot be used.
    """

    def __init__(
        self,
        users: Mapping[str, str],
        port: int = 0,
        certificate: tuple[str | Path, str | Path] | None = None,
    ):
        self._plugins = {f"{__name__}.Users": {"passwords": dict(users)}}
        self._certificate = certificate
        self.port = port
        self._error: Exception | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="broker", daemon=True
        )
        self._thread.start()
        self._started.wait()
        if self._error:
            raise LinkError(
                f"The broker cannot listen on {HOST}:{port} ({self._error}). "
                "Choose another port, or look at the certificate's files."
            )

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{HOST}:{self.port}"

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        writers: set[asyncio.StreamWriter] = set()
        # Connections are accepted here, not by amqtt, so that they can be closed here.
        broker = amqtt.broker.Broker(
            {"listeners": {"default": {"type": "external"}}, "plugins": self._plugins}
        )

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.add(writer)
            try:
                await broker.external_connected(
                    StreamReaderAdapter(reader), StreamWriterAdapter(writer), "default"
                )
            finally:
                writers.discard(writer)

        try:
            context = None
            if self._certificate:
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(*self._certificate)
            await broker.start()
            server = await asyncio.start_server(connected, HOST, self.port, ssl=context)
            self.port = server.sockets[0].getsockname()[1]
        except Exception as error:
            self._error = error
            return
        finally:
            self._started.set()
        await self._stop.wait()
        server.close()
        for writer in writers:
            writer.transport.abort()
        # amqtt may wait for ever for a client that has just gone.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(broker.shutdown(), SHUTDOWN_SECONDS)

    def close(self) -> None:
        """Close all connections and stop. May be called twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(STOP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def main(argv: list[str] | None = None) -> int:
    """Run a broker until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m millwright_labs.link.broker")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--user", default="millwright")
    parser.add_argument("--certificate", nargs=2, metavar=("CERTIFICATE", "KEY"))
    given = parser.parse_args(argv)
    password = os.environ.get("MILLWRIGHT_PASSWORD") or getpass.getpass(f"{given.user}: ")
    try:
        broker = Broker({given.user: password}, given.port, given.certificate)
    except LinkError as error:
        print(error, file=sys.stderr)
        return 2
    with broker:
        print(broker.address, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
