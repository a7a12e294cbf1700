"""An MQTT broker without root, for labs and tests: amqtt on the loopback address.

A school's own broker (mosquitto, say) serves as well and carries more. This one asks everybody for
a user and a password, and listens to this computer only.

`python -m millwright_labs.link.broker --port 1883 --user lab` runs one; the password comes from
the environment (MILLWRIGHT_PASSWORD) or is asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import hmac
import logging
import os
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from millwright_labs.errors import LinkError

try:
    import amqtt.broker
    from amqtt.plugins.base import BaseAuthPlugin
except ImportError:
    raise LinkError(
        "The broker needs amqtt, which is not installed. "
        'Install it: pip install "millwright[connect]"'
    ) from None

HOST = "127.0.0.1"

#: Longest wait for the broker to listen, and to have closed its connections (s).
START_SECONDS, STOP_SECONDS = 20.0, 10.0


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
        try:
            # amqtt does not tell which port the system gave, and logs a traceback for a taken one.
            with socket.create_server((HOST, port)) as probe:
                self.port: int = probe.getsockname()[1]
        except (OSError, OverflowError) as error:
            raise _refused(port, error) from None
        listener: dict[str, Any] = {"type": "tcp", "bind": self.address}
        if certificate:
            certfile, keyfile = map(str, certificate)
            listener |= {"ssl": True, "certfile": certfile, "keyfile": keyfile}
        self._config = {
            "listeners": {"default": listener},
            "plugins": {f"{__name__}.Users": {"passwords": dict(users)}},
        }
        self._error: Exception | None = None
        self._started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)
        self._thread.start()
        if not self._started.wait(START_SECONDS) or self._error:
            raise _refused(self.port, self._error or "no answer")

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{HOST}:{self.port}"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        try:
            broker = amqtt.broker.Broker(self._config, loop=self._loop)
            await broker.start()
        except Exception as error:
            self._error = error
            return
        finally:
            self._started.set()
        await self._stop.wait()
        await broker.shutdown()

    def close(self) -> None:
        """Close all connections and stop. May be called twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(STOP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _refused(port: int, why: object) -> LinkError:
    return LinkError(
        f"The broker cannot listen on {HOST}:{port} ({why}). "
        "Choose another port, or look at the certificate's files."
    )


def main(argv: list[str] | None = None) -> int:
    """Run a broker until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m millwright_labs.link.broker")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--user", default="millwright")
    parser.add_argument("--certificate", nargs=2, metavar=("CERTIFICATE", "KEY"))
    given = parser.parse_args(argv)
    password = os.environ.get("MILLWRIGHT_PASSWORD") or getpass.getpass(f"{given.user}: ")
    logging.getLogger("amqtt").setLevel(logging.ERROR)
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
