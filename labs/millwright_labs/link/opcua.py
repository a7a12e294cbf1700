"""A plant over OPC UA.

The connection lives in a thread of its own, so that it keeps up while a learner thinks. Samples
come in blocks by subscription. Their sequence numbers say what an outage hid; that is fetched
from the plant's history before newer samples are recorded.
"""

# asyncua annotates OPC UA's integers and strings as classes of its own, and takes Python's.
# mypy: disable-error-code="arg-type"

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
import time
import weakref
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from asyncua import Client, Node, ua
from asyncua.common.subscription import DataChangeEvent, Subscription
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.crypto.uacrypto import CertProperties
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from millwright_labs.errors import LinkError, TrustError
from millwright_labs.link.certificates import Keys, fingerprint, read_certificate
from millwright_labs.link.link import PlantLink, closed
from millwright_labs.link.opcua_server import HISTORY_SAMPLES, NAMESPACE, USER, from_wire
from millwright_labs.link.running import BLOCK_SECONDS, Block, samples_of
from millwright_labs.link.station import Described, Sample

#: How long a request may take, and a command waits for a lost connection to come back (s).
REQUEST_SECONDS = 10.0

#: How long `wait` bears with a plant that gives no samples (s). An outage may last longer: what
#: it hid is fetched when the plant is back.
PATIENCE = 120.0

#: Between two attempts to reconnect (s): the first, and the longest.
BACKOFF_SECONDS = (0.2, 5.0)

#: How often a silent connection is asked whether it lives (s).
WATCHDOG_SECONDS = 3.0

#: How long the end of a connection may take (s).
END_SECONDS = 5.0

#: Blocks that wait here and at the plant while the other side is busy. What is dropped beyond
#: them is fetched from the history.
QUEUE = 1000

#: All that asyncua raises when the other end is gone, or refuses.
FAILURES = (OSError, asyncio.TimeoutError, ua.UaError)


log = logging.getLogger(__name__)


class OpcUaLink(PlantLink):
    """A link to a plant that is served over OPC UA.

    Parameters
    ----------
    address : str
        ``opc.tcp://<host>:<port>/millwright``
    user, password : str
        As the plant's owner gave them.
    keys : Keys, optional
        Our certificate, and the servers that we trust; default: this account's.
    certificate : path, optional
        The plant's certificate, where it is not among the trusted ones.
    whole : bool
        Record from the plant's first sample on, not from now on.
    alive, ended : callable, optional
        Of a plant that belongs to this link: says whether it can still come back after an outage;
        called once when the link was closed or thrown away.

    Raises
    ------
    LinkError
        Nobody answers there, or it is no Millwright station.
    TrustError
        The plant's certificate is not trusted here, or ours not there, or the user or the
        password is wrong.
    """

    def __init__(
        self,
        address: str,
        user: str = USER,
        password: str = "",
        keys: Keys | None = None,
        certificate: str | Path | None = None,
        whole: bool = False,
        alive: Callable[[], bool] = lambda: True,
        ended: Callable[[], None] = lambda: None,
    ):
        door = _Door(
            address,
            user,
            password,
            keys or Keys(),
            read_certificate(Path(certificate)) if certificate else None,
        )
        self._follower = _Follower(door, alive, ended)
        # The thread knows nothing of the link, so that a link that is thrown away ends it.
        self._end = weakref.finalize(self, self._follower.stop)
        try:
            super().__init__(self._follower.start(whole))
        except BaseException:
            self.close()
            raise

    @property
    def t(self) -> float:
        """The machine's time (s) at the newest sample."""
        return self._follower.newest.t

    def read(self) -> dict[str, float]:
        """Give the newest measurement by tag; a lost one is NaN."""
        return dict(self._follower.newest.outputs)

    def _collect(self) -> None:
        for samples, faults in self._follower.take():
            self._recording.commands += faults
            for sample in samples:
                self._recording.add(sample)

    def _send(self, inputs: Mapping[str, float], faults: Mapping[str, float]) -> None:
        for method, values in (("Write", inputs), ("SetFault", faults)):
            if values:
                # From this sample on, each that follows has the command in it.
                self._follower.wait_for(self._follower.command(method, values))

    def _pass(self, samples: int) -> None:
        self._follower.wait_for(self._follower.newest.seq + samples)

    def close(self) -> None:
        """Let go of the machine."""
        self._end()


class _Door:
    """How to get in: one attempt to connect, and what its failure means."""

    def __init__(
        self, address: str, user: str, password: str, keys: Keys, pinned: x509.Certificate | None
    ):
        self.address, self.user, self.password = address, user, password
        self.keys, self.pinned = keys, pinned

    async def open(self) -> Client:
        """Connect and log in."""
        try:
            client = Client(self.address, REQUEST_SECONDS, WATCHDOG_SECONDS)
            client.application_uri = self.keys.uri("client")
            client.set_user(self.user)
            client.set_password(self.password)
            await client.set_security(
                SecurityPolicyBasic256Sha256,
                self.keys.certificate("client"),
                self.keys.key("client"),
                server_certificate=CertProperties(await self._server_certificate(), "der"),
            )
            await client.connect()
        except (ua.uaerrors.BadUserAccessDenied, ua.uaerrors.BadIdentityTokenRejected):
            raise TrustError(
                f"The plant at {self.address} refuses the user {self.user!r} with this password. "
                "Ask whoever runs it; `millwright-plant run` says where the password is."
            ) from None
        except ua.uaerrors.BadCertificateUntrusted:
            raise TrustError(
                f"The plant at {self.address} does not trust our certificate. Copy "
                f"{self.keys.certificate('client')} to its computer and run there: "
                "millwright-plant trust client.der"
            ) from None
        except (*FAILURES, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise LinkError(
                f"No plant answers at {self.address} ({reason}). Check the address, and that "
                "`millwright-plant run` is at work there."
            ) from None
        return client

    async def _server_certificate(self) -> bytes:
        """Ask the plant for its certificate, and return it if we trust it."""
        endpoints = await Client(self.address, REQUEST_SECONDS).connect_and_get_server_endpoints()
        offered = next(
            (
                endpoint.ServerCertificate
                for endpoint in endpoints
                if endpoint.SecurityMode == ua.MessageSecurityMode.SignAndEncrypt
                and endpoint.SecurityPolicyUri == SecurityPolicyBasic256Sha256.URI
            ),
            None,
        )
        if offered is None:
            raise LinkError(
                f"{self.address} offers no encrypted connection, so it is no Millwright plant. "
                "Check the address."
            )
        if self.pinned:
            trusted = offered == self.pinned.public_bytes(Encoding.DER)
        else:
            trusted = self.keys.trusts(offered, "server")
        if not trusted:
            mark = fingerprint(offered)
            raise TrustError(
                f"The certificate of {self.address} is not trusted here; its fingerprint is "
                f"{mark}. Get server.der from whoever runs the plant, compare, and run: "
                "millwright-plant trust server.der"
            )
        return offered


class _Follower:
    """The thread that keeps up with a plant."""

    def __init__(self, door: _Door, alive: Callable[[], bool], ended: Callable[[], None]):
        self.door, self.alive, self.ended = door, alive, ended
        self._client: Client | None = None
        self._failed: LinkError | None = None
        self.newest = Sample(-1, 0.0, {}, {})
        self._arrived: list[tuple[list[Sample], list[tuple[int, dict[str, float]]]]] = []
        self._next = 0
        self._heard = time.monotonic()
        self._news = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name=f"link to {door.address}", daemon=True
        )
        self._task: asyncio.Task[None] | None = None

    # What the link calls, in its own thread.

    def start(self, whole: bool) -> Described:
        """Connect and keep up from now on; return what is there, with its first sample."""
        self._thread.start()
        described: Described = self._do(self._begin(whole))
        self.wait_for(0)
        return described

    def take(self) -> list[tuple[list[Sample], list[tuple[int, dict[str, float]]]]]:
        """Return what has arrived since, samples and switched faults, in order."""
        with self._news:
            arrived, self._arrived = self._arrived, []
        return arrived

    def command(self, method: str, values: Mapping[str, float]) -> int:
        """Call a method of the plant; return the last sample before it works."""
        self._check()
        return int(self._do(self._command(method, values)))

    def wait_for(self, seq: int) -> None:
        """Return when sample `seq` has arrived."""
        with self._news:
            while self.newest.seq < seq:
                self._check()
                silent = time.monotonic() - self._heard
                if silent > max(PATIENCE, 3.0 * self._period):
                    raise LinkError(
                        f"The plant at {self.door.address} has given no sample for {silent:.0f} "
                        "s. The link goes on trying: wait again, or connect anew."
                    )
                self._news.wait(0.5)

    def stop(self) -> None:
        """End the connection and the thread."""
        if threading.current_thread() is self._thread:
            # The garbage collector throws links away in whatever thread it runs.
            threading.Thread(target=self.stop).start()
            return
        self._fail(closed())
        if self._thread.is_alive():
            with contextlib.suppress(Exception):
                self._do(self._leave())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(END_SECONDS)
        self.ended()

    def _check(self) -> None:
        if self._failed:
            raise self._failed

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    # What runs in the connection's thread.

    def _fail(self, error: LinkError) -> None:
        with self._news:
            self._failed = self._failed or error
            self._news.notify_all()

    async def _begin(self, whole: bool) -> Described:
        client = self._client = await self.door.open()
        description, self._run, speed = await self._about(client)
        self._described = described = Described.from_json(description)
        self._period = described.dt / speed
        if not whole:
            now = from_wire(await (await self._node(client, "Block")).read_value())
            width = len(described.inputs) + len(described.outputs)
            self._next = now.first + len(now.values) // width - 1
        self._task = asyncio.create_task(self._keep_up())
        return described

    async def _about(self, client: Client) -> tuple[Any, str, float]:
        """Read what a station says of itself: description, run, speed."""
        try:
            nodes = [await self._node(client, name) for name in ("Description", "Run", "Speed")]
            description, run, speed = await client.read_values(nodes)
            return json.loads(description), str(run), float(speed)
        except (ua.UaError, TypeError, ValueError):
            await _part(client)
            raise LinkError(
                f"{self.door.address} is an OPC UA server, but no Millwright station. Check the "
                "address."
            ) from None

    @staticmethod
    async def _node(client: Client, name: str) -> Node:
        return client.get_node(ua.NodeId(name, await client.get_namespace_index(NAMESPACE)))

    async def _leave(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        elif self._client:
            await _part(self._client)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _keep_up(self) -> None:
        """Record, and reconnect as often as needed."""
        client = self._client
        while client:
            try:
                await self._record(client)
            except Exception:
                # Whatever went wrong, a new connection is the cure.
                log.debug("The connection to %s was lost.", self.door.address, exc_info=True)
            finally:
                self._client = None
                await _part(client)
            client = await self._reconnect()
            self._client = client

    async def _reconnect(self) -> Client | None:
        delay, longest = BACKOFF_SECONDS
        while True:
            try:
                if not self.alive():
                    raise _GoneError("The plant has ended. Start it again with `link.start(...)`.")
                client = await self.door.open()
                if (await self._about(client))[1] != self._run:
                    await _part(client)
                    raise _GoneError(
                        f"The plant at {self.door.address} was started anew since; this "
                        "recording ends. Connect again."
                    )
                return client
            except (_GoneError, TrustError) as error:
                self._fail(error)
                return None
            except Exception:
                await asyncio.sleep(delay)
                delay = min(2.0 * delay, longest)

    async def _record(self, client: Client) -> None:
        """Record until the connection is lost."""
        lost = asyncio.Event()

        async def on_loss(_: Exception) -> None:
            lost.set()

        client.connection_lost_callback = on_loss
        subscription = await client.create_subscription(1000.0 * BLOCK_SECONDS, queue_maxsize=QUEUE)
        await subscription.subscribe_data_change(await self._node(client, "Block"), queuesize=QUEUE)
        reading = asyncio.create_task(self._read(client, subscription))
        losing = asyncio.create_task(lost.wait())
        try:
            await asyncio.wait((reading, losing), return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
        finally:
            reading.cancel()
            losing.cancel()

    async def _read(self, client: Client, subscription: Subscription) -> None:
        async for event in subscription:
            if isinstance(event, DataChangeEvent) and event.value:
                block = from_wire(event.value)
                while self._next < block.first:
                    self._add(await self._missed(client, block.first - self._next))
                self._add(block)

    async def _missed(self, client: Client, count: int) -> Block:
        """Fetch samples from the plant's history; the oldest it has, where it forgot."""
        station = await self._node(client, "station")
        answer = await station.call_method(
            (await self._node(client, "History")).nodeid,
            ua.Variant(self._next, ua.VariantType.UInt64),
            ua.Variant(min(count, HISTORY_SAMPLES), ua.VariantType.UInt32),
        )
        return from_wire(answer)

    def _add(self, block: Block) -> None:
        """Take what is new in a block."""
        described = self._described
        samples = [
            sample
            for sample in samples_of(block, described.dt, described.inputs, described.outputs)
            if sample.seq >= self._next
        ]
        if samples:
            faults = [fault for fault in block.faults if fault[0] >= self._next - 1]
            with self._news:
                self._arrived.append((samples, faults))
                self.newest = samples[-1]
                self._next = self.newest.seq + 1
                self._heard = time.monotonic()
                self._news.notify_all()

    async def _command(self, method: str, values: Mapping[str, float]) -> int:
        until = time.monotonic() + REQUEST_SECONDS
        while (client := self._client) is None:
            self._check()
            if time.monotonic() > until:
                raise LinkError(
                    f"The plant at {self.door.address} cannot be reached now, so the command was "
                    "not given. The link goes on trying: write again later."
                )
            await asyncio.sleep(0.05)
        try:
            station = await self._node(client, "station")
            return await station.call_method(
                (await self._node(client, method)).nodeid,
                ua.Variant(list(values), ua.VariantType.String, is_array=True),
                ua.Variant(list(values.values()), ua.VariantType.Double, is_array=True),
            )
        except ua.uaerrors.BadInvalidArgument:
            raise LinkError(
                f"The plant refuses {dict(values)}. Its tags may have changed."
            ) from None
        except FAILURES:
            raise LinkError(
                f"The plant at {self.door.address} was lost while it was given {dict(values)}. "
                "The recording will show whether it took the command."
            ) from None


class _GoneError(LinkError):
    """This plant will not come back."""


async def _part(client: Client) -> None:
    """Disconnect, whatever the state of the other end."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(client.disconnect(), 1.0)
