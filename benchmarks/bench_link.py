"""What reaches a notebook from a live plant over OPC UA, signed and encrypted.

`opcua_rate`: measured values a second that a link records without loss, from a plant that runs as
fast as it can; beside a plain asyncua client on the same plant, with one monitored item a tag.

`opcua_outage_lost`: samples of a plant with 1 kHz that are missing or doubled after the network
was cut for a minute; beside a plain asyncua client that reconnects by itself.
"""

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Self

import numpy as np
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from figure import Figure
from millwright_labs import link
from millwright_labs.link.certificates import Keys
from millwright_labs.link.opcua_server import NAMESPACE

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "link"))
from relay import Relay

#: Three measured tags at 1 kHz, and cheap to compute.
STATION = "hydraulic_axis"
AS_FAST_AS_IT_CAN = 1e6
SECONDS = 10.0
OUTAGE_SECONDS = 60.0
COMMAND = "make bench ARGS=link"
QUEUE = 10_000


@contextlib.contextmanager
def plant(speed: float) -> Iterator[tuple[str, Keys]]:
    """Serve a plant in a process of its own; yields its address and keys."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "millwright_labs.link.app", "run", STATION),
                *("--keys", folder, "--port", "0", "--speed", str(speed)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout
            yield process.stdout.readline().removeprefix("address ").strip(), Keys(folder)
        finally:
            process.terminate()
            process.wait()


def via(relay: Relay, address: str) -> str:
    """Return the address through the relay."""
    return address.replace(f":{port_of(address)}/", f":{relay.port}/")


def port_of(address: str) -> int:
    """Return the port in an address."""
    return int(address.rpartition(":")[2].partition("/")[0])


class PlainClient:
    """What a careful user of asyncua writes: one monitored item a tag, a long queue."""

    def __init__(self, address: str, keys: Keys):
        self.address, self.keys = address, keys
        self.times: list[float] = []
        self.values = 0

    def datachange_notification(self, node: object, value: float, data: object) -> None:
        """Count a value; asyncua calls this."""
        self.values += 1
        if node == self.first:
            self.times.append(data.monitored_item.Value.SourceTimestamp.timestamp())

    @contextlib.asynccontextmanager
    async def subscribed(self) -> AsyncIterator[Self]:
        """Connect and subscribe to every measured tag."""
        client = Client(self.address, auto_reconnect=True)
        client.application_uri = self.keys.uri("client")
        client.set_user("learner")
        client.set_password(self.keys.password)
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            self.keys.certificate("client"),
            self.keys.key("client"),
            server_certificate=str(self.keys.certificate("server")),
        )
        async with client:
            ns = await client.get_namespace_index(NAMESPACE)
            outputs = await client.get_node(ua.NodeId("station", ns)).get_child(f"{ns}:Outputs")
            nodes = await outputs.get_children()
            self.first = nodes[0]
            subscription = await client.create_subscription(20, self)
            # Two samples may measure the same; their times differ.
            every = ua.DataChangeFilter(ua.DataChangeTrigger.StatusValueTimestamp)
            await subscription._subscribe(nodes, ua.AttributeIds.Value, every, QUEUE)
            yield self


def rate_of_link() -> float:
    """Return the values a second that a link records."""
    with (
        plant(AS_FAST_AS_IT_CAN) as (address, keys),
        link.connect(address, keys=keys.folder) as here,
    ):
        here.wait(1.0)
        before, began = len(here.recording), time.monotonic()
        time.sleep(SECONDS)
        recorded, seconds = len(here.recording) - before, time.monotonic() - began
        steps = np.diff(here.recording.table.index.to_numpy())
        assert np.allclose(steps, here.dt), "the link lost samples"
        return recorded * len(here.outputs) / seconds


def rate_of_plain_client() -> float:
    """Return the values a second that reach a plain client; what it loses is not counted."""

    async def count(address: str, keys: Keys) -> float:
        async with PlainClient(address, keys).subscribed() as client:
            await asyncio.sleep(1.0)
            before, began = client.values, time.monotonic()
            await asyncio.sleep(SECONDS)
            return (client.values - before) / (time.monotonic() - began)

    with plant(AS_FAST_AS_IT_CAN) as (address, keys):
        return asyncio.run(count(address, keys))


def lost_in_outage() -> tuple[int, int]:
    """Return the samples missing or doubled after an outage: of a link, of a plain client."""

    async def both(relay: Relay, address: str, keys: Keys) -> tuple[int, int]:
        async with PlainClient(via(relay, address), keys).subscribed() as client:
            here = await asyncio.to_thread(link.connect, via(relay, address), keys=keys.folder)
            await asyncio.sleep(3.0)
            began = client.times[-1]
            relay.cut()
            await asyncio.sleep(OUTAGE_SECONDS)
            relay.mend()
            # Time for both to reconnect: asyncua tries every 30 s at the latest.
            ended = here.t + OUTAGE_SECONDS + 40.0
            while here.t < ended:
                await asyncio.to_thread(here.wait, 1.0)
            samples = np.round(here.recording.table.index.to_numpy() / here.dt).astype(int)
            here.close()
            times = np.array(client.times)
            times = times[times >= began]
        return wrong(samples), wrong(np.round((times - began) / here.dt).astype(int))

    with plant(1.0) as (address, keys), Relay(port_of(address)) as relay:
        return asyncio.run(both(relay, address, keys))


def wrong(numbers: np.ndarray) -> int:
    """Count the numbers that are missing between the first and the last, or there twice."""
    unique = np.unique(numbers)
    missing = int(unique[-1] - unique[0]) + 1 - len(unique)
    return missing + len(numbers) - len(unique)


def measure() -> list[Figure]:
    """Return both figures."""
    lost, lost_plain = lost_in_outage()
    return [
        Figure(
            name="opcua_rate",
            value=rate_of_link(),
            unit="values/s",
            peer="asyncua, a monitored item a tag",
            peer_value=rate_of_plain_client(),
            better="higher",
            command=COMMAND,
        ),
        Figure(
            name="opcua_outage_lost",
            value=float(lost),
            unit="samples of 60 000 lost or doubled",
            peer="asyncua with auto_reconnect",
            peer_value=float(lost_plain),
            better="lower",
            command=COMMAND,
        ),
    ]
