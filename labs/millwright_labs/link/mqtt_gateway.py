"""A running station over MQTT: the edge node of Sparkplug B whose device is the machine.

```
spBv1.0/millwright/NBIRTH/<name>             the gateway is here; NDEATH is its last will
spBv1.0/millwright/DBIRTH/<name>/<station>   every tag, with its alias and its value now
spBv1.0/millwright/DDATA/<name>/<station>    blocks of samples, and answers to commands
spBv1.0/millwright/NCMD/<name>               `Node Control/Rebirth`: say it all again
spBv1.0/millwright/DCMD/<name>/<station>     inputs, faults, requests for older samples
```

What `mqtt` says of the metrics holds. While the broker is away the station runs on; its newest
samples stay at hand in memory that does not grow (`Running`), and go out, marked as historical,
when the broker is back. Samples are sent at most once by MQTT (QoS 0, as Sparkplug has it): a
receiver sees by their numbers what it lacks, and asks for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Any, Self

import paho.mqtt.client as paho

from millwright_labs.errors import LinkError, PlantError
from millwright_labs.link.mqtt import (
    BDSEQ,
    COMMAND_AFTER,
    COMMAND_ANSWER,
    COMMAND_ID,
    DESCRIPTION,
    FAULTS,
    GROUP,
    HISTORY_COUNT,
    HISTORY_FROM,
    HISTORY_OLDEST,
    INPUTS,
    OUTPUTS,
    REBIRTH,
    RUN,
    SAMPLE,
    SPEED,
    Address,
    Connection,
    now_ms,
)
from millwright_labs.link.running import Block, Running
from millwright_labs.link.sparkplug import (
    ROLLOVER,
    DataType,
    Metric,
    Payload,
    Topic,
    Value,
    checked_id,
    decode,
    encode,
)
from millwright_labs.link.station import Described

#: Samples in one message, and least time (s) between two messages of samples.
MESSAGE_SAMPLES, MESSAGE_SECONDS = 500, 0.02

#: How often to look whether a message has left (s), and when to give it up (s).
LOOK_SECONDS, GIVE_UP_SECONDS = 0.002, 10.0

#: Requests for older samples that wait at most, and answers to commands that are remembered.
REQUESTS, ANSWERS = 64, 1000


class MqttGateway:
    """Publish a running station; use it with ``async with``, then run the station.

    Parameters
    ----------
    running : Running
        The machine.
    address : Address
        The broker. Its `machine` names the edge node; ``""`` takes the station's name.

    Attributes
    ----------
    name : str
        Of the edge node.
    ignored : int
        Messages to us that could not be read.

    Raises
    ------
    LinkError
        No broker there (when entered). One that goes away later is waited for.
    TrustError
        The broker refuses us, or shows a certificate that we do not trust.
    """

    def __init__(self, running: Running, address: Address):
        station = running.station
        self.running = running
        self.name = address.machine or checked_id(station.made.station)
        self.ignored = 0
        self._address, self._device = address, checked_id(station.made.station)
        self._run = secrets.token_hex(8)
        names = [
            *(SAMPLE, COMMAND_ID, COMMAND_AFTER, COMMAND_ANSWER),
            *(HISTORY_FROM, HISTORY_COUNT, HISTORY_OLDEST, DESCRIPTION, RUN, SPEED),
            *(INPUTS + name for name in station.inputs),
            *(OUTPUTS + name for name in station.outputs),
            *(FAULTS + name for name in station.faults),
        ]
        self._alias = {name: alias for alias, name in enumerate(names)}
        self._columns = [
            *(self._alias[INPUTS + name] for name in station.inputs),
            *(self._alias[OUTPUTS + name] for name in station.outputs),
        ]
        self._seq = 0
        # Sparkplug counts connections, so that a late will is known from a new one.
        self._connections = -1
        self._online = False
        # The next sample to send, and the first one that is not late.
        self._next = self._live = running.last
        self._asked: deque[tuple[int, int]] = deque(maxlen=REQUESTS)
        self._answers: OrderedDict[str, tuple[int, str]] = OrderedDict()
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()

        def in_loop(call: Callable[..., None]) -> Callable[..., None]:
            def from_paho(*given: object) -> None:
                # The loop may have ended while paho's thread still runs.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(call, *given)

            return from_paho

        self._connection = Connection(
            self._address,
            [str(Topic(GROUP, "NCMD", self.name)), str(self._topic("DCMD"))],
            in_loop(self._up),
            in_loop(self._down),
            in_loop(self._message),
            self._will,
        )
        await asyncio.to_thread(self._connection.open)
        self.running.listeners.append(self._hear)
        self._sending = asyncio.create_task(self._send_all())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.running.listeners.remove(self._hear)
        self._sending.cancel()
        await asyncio.gather(self._sending, return_exceptions=True)
        if self._online:
            self._publish("DDEATH")
            # The last will is for those who cannot say it themselves.
            topic, payload = self._death()
            with contextlib.suppress(RuntimeError, ValueError):
                self._connection.publish(topic, payload, qos=1).wait_for_publish(1.0)
        await asyncio.to_thread(self._connection.close)

    def _topic(self, kind: str) -> Topic:
        return Topic(GROUP, kind, self.name, self._device if kind[0] == "D" else "")

    def _will(self) -> tuple[str, bytes]:
        self._connections += 1
        topic, payload = self._death()
        return str(topic), encode(payload)

    def _death(self) -> tuple[Topic, Payload]:
        return self._topic("NDEATH"), Payload(now_ms(), None, [self._bdseq()])

    def _bdseq(self) -> Metric:
        return Metric(BDSEQ, self._connections % ROLLOVER, DataType.INT64, timestamp=now_ms())

    def _publish(self, kind: str, *metrics: Metric) -> paho.MQTTMessageInfo:
        """Send a message under the next counter."""
        if kind == "NBIRTH":
            self._seq = 0
        payload = Payload(now_ms(), self._seq, list(metrics))
        if kind == "DDATA":
            payload.metrics.insert(0, self._metric(RUN, self._run, DataType.STRING))
        self._seq = (self._seq + 1) % ROLLOVER
        return self._connection.publish(self._topic(kind), payload)

    def _metric(self, name: str, value: Value, kind: DataType) -> Metric:
        return Metric(None, value, kind, self._alias[name], now_ms())

    async def _hear(self, _: Block) -> None:
        self._news.set()

    def _up(self) -> None:
        self._online = True
        self._live = self.running.last + 1
        self._be_born()
        self._news.set()

    def _down(self) -> None:
        self._online = False

    def _be_born(self) -> None:
        station, now = self.running.station, now_ms()
        sample, described = station.sample(), Described.of(station)
        self._publish(
            "NBIRTH", self._bdseq(), Metric(REBIRTH, False, DataType.BOOLEAN, timestamp=now)
        )
        values: dict[str, tuple[Value, DataType]] = {
            SAMPLE: (sample.seq, DataType.INT64),
            COMMAND_ID: (None, DataType.STRING),
            COMMAND_AFTER: (None, DataType.INT64),
            COMMAND_ANSWER: (None, DataType.STRING),
            HISTORY_FROM: (None, DataType.INT64),
            HISTORY_COUNT: (None, DataType.INT64),
            HISTORY_OLDEST: (None, DataType.INT64),
            DESCRIPTION: (json.dumps(described.as_json(), ensure_ascii=False), DataType.STRING),
            RUN: (self._run, DataType.STRING),
            SPEED: (self.running.speed, DataType.DOUBLE),
        }
        for prefix, numbers in (
            (INPUTS, sample.inputs),
            (OUTPUTS, sample.outputs),
            (FAULTS, {name: station.severities.get(name, 0.0) for name in station.faults}),
        ):
            values |= {prefix + k: (_number(v), DataType.DOUBLE) for k, v in numbers.items()}
        self._publish(
            "DBIRTH",
            *(
                Metric(name, *values[name], alias=alias, timestamp=now)
                for name, alias in self._alias.items()
            ),
        )

    async def _send_all(self) -> None:
        """Send each new sample once, and each older one that somebody lacks."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._online and (self._asked or self._next <= self.running.last):
                if self._asked:
                    first, count = self._asked.popleft()
                    block = await self._send(first, min(count, MESSAGE_SAMPLES), asked=True)
                    sent = block.first + self._samples_in(block) - first
                    if block.values and sent < count:
                        self._asked.append((first + sent, count - sent))
                if self._next <= self.running.last:
                    block = await self._send(self._next, MESSAGE_SAMPLES, asked=False)
                    self._next = block.first + self._samples_in(block)
            await asyncio.sleep(MESSAGE_SECONDS)

    def _samples_in(self, block: Block) -> int:
        return len(block.values) // len(self._columns)

    async def _send(self, first: int, count: int, asked: bool) -> Block:
        """Send samples; return those that have left: none where the connection broke."""
        block = self.running.samples(first, count)
        metrics = self._metrics(block)
        if asked and block.first > first:
            metrics.insert(0, self._metric(HISTORY_OLDEST, block.first, DataType.INT64))
        message = self._publish("DDATA", *metrics)
        end = _time() + GIVE_UP_SECONDS
        with contextlib.suppress(RuntimeError, ValueError):
            while self._online and _time() < end:
                if message.is_published():
                    return block
                await asyncio.sleep(LOOK_SECONDS)
        return Block(first, [], [])

    def _metrics(self, block: Block) -> list[Metric]:
        """Write samples as metrics; a value that stayed as it was is left out."""
        faults: dict[int, dict[str, float]] = {}
        for after, severities in block.faults:
            faults.setdefault(after + 1, {}).update(severities)
        metrics: list[Metric] = []
        width = len(self._columns)
        before: list[float] | None = None
        for i in range(self._samples_in(block)):
            seq = block.first + i
            row = block.values[i * width : (i + 1) * width]
            common = (int(self.running.due(seq) * 1000.0), seq < self._live)
            metrics.append(Metric(None, seq, DataType.INT64, self._alias[SAMPLE], *common))
            for name, severity in faults.get(seq, {}).items():
                alias = self._alias[FAULTS + name]
                metrics.append(Metric(None, severity, DataType.DOUBLE, alias, *common))
            for place, value in enumerate(row):
                if before is None or value != before[place]:
                    alias = self._columns[place]
                    metrics.append(Metric(None, _number(value), DataType.DOUBLE, alias, *common))
            before = row
        return metrics

    def _message(self, topic: str, data: bytes) -> None:
        try:
            kind = Topic.parse(topic).kind
            metrics = decode(data).metrics
            names = list(self._alias)
            values: dict[str, Value] = {
                metric.name if metric.name else names[metric.alias or 0]: metric.value
                for metric in metrics
            }
            if kind == "DCMD":
                self._take(values)
            elif values.get(REBIRTH) is True:
                self._be_born()
        except (LinkError, IndexError, ValueError):
            self.ignored += 1

    def _take(self, values: dict[str, Value]) -> None:
        """Do what a DCMD says, and answer."""
        first, count = values.pop(HISTORY_FROM, None), values.pop(HISTORY_COUNT, None)
        if isinstance(first, int) and isinstance(count, int) and count > 0:
            self._asked.append((max(first, 0), count))
            self._news.set()
        key = values.pop(COMMAND_ID, "")
        if not isinstance(key, str) or not (key or values):
            return
        answer = self._answers.get(key) if key else None
        if answer is None:
            answer = self._command(values)
            if key:
                self._answers[key] = answer
                if len(self._answers) > ANSWERS:
                    self._answers.popitem(last=False)
        self._publish(
            "DDATA",
            self._metric(COMMAND_ID, key, DataType.STRING),
            self._metric(COMMAND_AFTER, answer[0], DataType.INT64),
            self._metric(COMMAND_ANSWER, answer[1], DataType.STRING),
        )

    def _command(self, values: Mapping[str, Value]) -> tuple[int, str]:
        """Command the machine: all that is named, or nothing."""
        running = self.running
        given: dict[str, Any]
        for prefix, take in ((INPUTS, running.write), (FAULTS, running.fault)):
            given = {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
            if given and len(given) == len(values):
                try:
                    return take(**given), ""
                except PlantError as error:
                    return running.last, str(error)
        return running.last, f"Command either {INPUTS}… or {FAULTS}…, as named in the birth."


def _time() -> float:
    return asyncio.get_running_loop().time()


def _number(value: float) -> float | None:
    """Return a measurement as it is sent: a lost one is null."""
    return None if math.isnan(value) else value
