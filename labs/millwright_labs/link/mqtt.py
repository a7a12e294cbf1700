"""A machine over MQTT: what both ends agree on, and the link of whoever reads and commands it.

The machine is a device of an edge node (`mqtt_gateway`) in Sparkplug B:

- births name every tag and give it an alias; DDATA carry blocks of samples by alias. The metric
  `Sample` opens a sample and gives its number; the tags that follow belong to it, and a tag that
  is left out has the value of the sample before in the same message. A lost measurement is null.
  `Properties/Run` says in each message which run of the machine it is from.
- DCMD carries `Inputs/…` or `Faults/…`, and may carry a `Command/Id`; the data then say under
  that id after which sample the command was taken, or why not. A command that is sent twice is
  taken once.
- `History/From` and `History/Count` in a DCMD ask for samples again: so a link finds what an
  outage hid, whatever was lost on the way.
"""

from __future__ import annotations

import json
import secrets
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from millwright_labs.errors import LinkError, TrustError
from millwright_labs.link.link import PlantLink, closed
from millwright_labs.link.sparkplug import (
    NAMESPACE,
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
from millwright_labs.link.station import Described, Sample

try:
    import paho.mqtt.client as paho
    from paho.mqtt.enums import CallbackAPIVersion
except ImportError:
    raise LinkError(
        "MQTT needs paho-mqtt, which is not installed. "
        'Install it: pip install "millwright[connect]"'
    ) from None

GROUP = "millwright"
PORT, TLS_PORT = 1883, 8883

# Names of metrics.
SAMPLE = "Sample"
INPUTS, OUTPUTS, FAULTS = "Inputs/", "Outputs/", "Faults/"
COMMAND_ID, COMMAND_AFTER, COMMAND_ANSWER = "Command/Id", "Command/After", "Command/Answer"
HISTORY_FROM, HISTORY_COUNT, HISTORY_OLDEST = "History/From", "History/Count", "History/Oldest"
DESCRIPTION, RUN, SPEED = "Properties/Description", "Properties/Run", "Properties/Speed"
REBIRTH, BDSEQ = "Node Control/Rebirth", "bdSeq"

#: A dead connection is noticed after this time (s) without a sign of life, at the latest half as
#: long again; and a lost broker is tried again at most this often and this seldom (s).
KEEPALIVE, RETRY_FIRST, RETRY_LAST = 10, 1, 5

#: How long a broker may take to answer, and a machine to give a sign of life or take a command (s).
CONNECT_SECONDS, BIRTH_SECONDS, COMMAND_SECONDS = 10.0, 10.0, 15.0

#: Requests are repeated this often (s): for a birth, for samples, for an answer to a command.
REPEAT_SECONDS = 1.0

#: How long `wait` bears with a machine that gives no samples (s). An outage may last longer: what
#: it hid is fetched when the machine is back.
PATIENCE = 120.0

#: Samples asked for in one request, and held at most while an older one is missing.
ASKED, HELD = 5_000, 100_000


@dataclass(frozen=True)
class Address:
    """Where a broker is, and who asks.

    Attributes
    ----------
    host : str
    port : int
    machine : str
        The edge node's name; ``""`` where only the broker is meant.
    user, password : str
        Empty: none.
    tls : bool
        Whether the connection is encrypted and the broker must show a certificate.
    ca : str or Path or None
        PEM file of the authority that signed the broker's certificate; None: the system's.
    """

    host: str
    port: int
    machine: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca: str | Path | None = None

    @classmethod
    def parse(
        cls, text: str, user: str = "", password: str = "", ca: str | Path | None = None
    ) -> Address:
        """Read ``mqtt://user:password@host:port/machine``, ``mqtts://…`` or ``host:port``.

        User and password that stand in the address go before those given besides.

        Raises
        ------
        LinkError
            Not such an address.
        """
        try:
            parts = urlsplit(text if "://" in text else f"mqtt://{text}")
            tls = parts.scheme == "mqtts"
            if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.query:
                raise ValueError
            port = parts.port or (TLS_PORT if tls else PORT)
        except ValueError:
            raise LinkError(
                f"{text!r} is no MQTT address. Write mqtt://HOST:PORT/MACHINE, or mqtts:// for an "
                "encrypted connection."
            ) from None
        machine = unquote(parts.path.strip("/"))
        return cls(
            parts.hostname,
            port,
            checked_id(machine) if machine else "",
            unquote(parts.username or "") or user,
            unquote(parts.password or "") or password,
            tls,
            ca,
        )

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


class Connection:
    """A client of a broker that comes back by itself.

    All callbacks run in paho's thread and must not wait.

    Parameters
    ----------
    address : Address
    topics : list of str
        What to subscribe to.
    on_up : callable
        Called each time when the broker has confirmed the subscriptions.
    on_down : callable
        Called each time when the connection is lost.
    on_message : callable
        Called with topic and bytes of each message.
    will : callable, optional
        Gives topic and bytes of the last will, before each connection.
    """

    def __init__(
        self,
        address: Address,
        topics: list[str],
        on_up: Callable[[], None],
        on_down: Callable[[], None],
        on_message: Callable[[str, bytes], None],
        will: Callable[[], tuple[str, bytes]] | None = None,
    ):
        self.address = address
        self._will = will
        self._refused: str | None = None
        self._hung_up = False
        self._answered = threading.Event()
        client = self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"millwright-{secrets.token_hex(8)}"
        )
        client.reconnect_delay_set(RETRY_FIRST, RETRY_LAST)
        if address.user:
            client.username_pw_set(address.user, address.password)

        def connected(client: Any, _: object, __: object, reason: Any, *rest: object) -> None:
            if reason.is_failure:
                self._refused = str(reason)
                self._answered.set()
            else:
                client.subscribe([(topic, 0) for topic in topics])

        def subscribed(*_: object) -> None:
            self._answered.set()
            on_up()

        def disconnected(*_: object) -> None:
            # Before any answer: what is there does not speak MQTT.
            self._hung_up = not self._answered.is_set()
            self._answered.set()
            self._set_will()
            on_down()

        client.on_connect = connected
        client.on_subscribe = subscribed
        client.on_disconnect = disconnected
        client.on_message = lambda _, __, message: on_message(message.topic, bytes(message.payload))

    def _set_will(self) -> None:
        if self._will:
            topic, payload = self._will()
            self._client.will_set(topic, payload, qos=1)

    def open(self) -> None:
        """Connect.

        Raises
        ------
        LinkError
            No broker there.
        TrustError
            The broker refuses us, or shows a certificate that we do not trust.
        """
        address = self.address
        try:
            if address.tls:
                self._client.tls_set(ca_certs=str(address.ca) if address.ca else None)
            self._set_will()
            self._client.connect(address.host, address.port, keepalive=KEEPALIVE)
        except ssl.SSLError as error:
            raise TrustError(
                f"The certificate of {address} cannot be trusted ({error.reason or error}). "
                "Name the authority that signed it with `ca`, or correct the host's name."
            ) from None
        except (OSError, ValueError) as error:
            raise LinkError(
                f"No MQTT broker answers at {address} ({error}). Check host and port, and that the "
                "broker runs."
            ) from None
        self._client.loop_start()
        if self._answered.wait(CONNECT_SECONDS) and not self._refused and not self._hung_up:
            return
        self.close()
        if self._refused:
            raise TrustError(
                f"The broker at {address} refuses the user {address.user!r} ({self._refused}). "
                "Check user and password."
            )
        raise LinkError(
            f"What answers at {address} is no MQTT broker. Check the port, and whether the broker "
            "asks for an encrypted connection (mqtts://)."
        )

    def publish(self, topic: Topic, payload: Payload, qos: int = 0) -> paho.MQTTMessageInfo:
        """Send a message, or drop it where there is no connection: see the answer's `rc`."""
        return self._client.publish(str(topic), encode(payload), qos=qos)

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()


def now_ms() -> int:
    """Return the time for a payload (ms since 1970)."""
    return time.time_ns() // 1_000_000


class MqttLink(PlantLink):
    """A link to a machine that a gateway publishes.

    Parameters
    ----------
    address : str or Address
        ``mqtt://HOST:PORT/MACHINE``, or ``mqtts://…`` for an encrypted connection.
    user, password : str, optional
        Better here than in the address.
    ca : path, optional
        See `Address`.
    whole : bool
        Record from the machine's first sample on, not from now on.
    alive, ended : callable, optional
        Of a machine that belongs to this link: says whether it can still come back after an
        outage; called once when the link was closed or thrown away.

    Raises
    ------
    LinkError
        No broker, or no such machine.
    TrustError
        Wrong user or password, or a certificate that is not trusted.
    """

    def __init__(
        self,
        address: str | Address,
        user: str = "",
        password: str = "",
        ca: str | Path | None = None,
        whole: bool = False,
        alive: Callable[[], bool] = lambda: True,
        ended: Callable[[], None] = lambda: None,
    ):
        if isinstance(address, str):
            address = Address.parse(address, user, password, ca)
        if not address.machine:
            raise LinkError(f"Name the machine: {address}/MACHINE.")
        self._follower = _Follower(address, whole, alive, ended)
        # The follower knows nothing of the link, so that a link that is thrown away ends it.
        self._end = weakref.finalize(self, self._follower.stop)
        try:
            super().__init__(self._follower.start())
        except BaseException:
            self.close()
            raise

    @property
    def ignored(self) -> int:
        """Messages on the machine's topics that could not be read."""
        return self._follower.ignored

    @property
    def doubles(self) -> int:
        """Samples that came again, and were not recorded again."""
        return self._follower.doubles

    @property
    def t(self) -> float:
        """The machine's time (s) at the newest sample."""
        return self._follower.newest.t

    def read(self) -> dict[str, float]:
        """Give the newest measurement by tag; a lost one is NaN."""
        return dict(self._follower.newest.outputs)

    def _collect(self) -> None:
        for sample, faults in self._follower.arrived():
            if faults:
                self._recording.commands.append((sample.seq - 1, faults))
            self._recording.add(sample)

    def _send(self, inputs: Mapping[str, float], faults: Mapping[str, float]) -> None:
        values = {INPUTS + name: value for name, value in inputs.items()}
        values |= {FAULTS + name: value for name, value in faults.items()}
        # Once this sample is here, each that follows has the command in it.
        self._follower.wait_for(self._follower.command(values))

    def _pass(self, samples: int) -> None:
        self._follower.wait_for(self._follower.newest.seq + samples)

    def close(self) -> None:
        """Let go of the machine; it goes on without us."""
        self._end()


class _Follower:
    """What keeps up with a machine: the state that paho's thread and the caller's share."""

    def __init__(
        self,
        address: Address,
        whole: bool,
        alive: Callable[[], bool],
        ended: Callable[[], None],
    ):
        self.address, self.whole, self.alive, self.ended = address, whole, alive, ended
        self.ignored = self.doubles = 0
        self._node, self._device = address.machine, ""
        self._changed = threading.Condition()
        self._failed: LinkError | None = None
        self._described: Described | None = None
        self._run = ""
        self._interval = 0.0
        # Of the messages: the next counter, by alias what a metric is, when a birth was asked for.
        self._seq: int | None = None
        self._tags: dict[int, str] | None = None
        self._columns: dict[str, int] = {}
        self._birth_asked = 0.0
        # Of the samples: the next in turn, the newest heard of, those that came too early, when
        # and up to which missing ones were asked for, those in order that nobody took yet.
        self._next = self._known = -1
        self._early: dict[int, tuple[list[float], dict[str, float]]] = {}
        self._asked = (0.0, -1)
        self._arrived: list[tuple[Sample, dict[str, float]]] = []
        self._newest: Sample | None = None
        self._heard = self._moved = time.monotonic()
        #: Of the commands on their way: after which sample taken, and why not.
        self._answers: dict[str, tuple[int, str] | None] = {}
        topics = [f"{NAMESPACE}/{GROUP}/+/{self._node}", f"{NAMESPACE}/{GROUP}/+/{self._node}/+"]
        self._connection = Connection(address, topics, self._ask_birth, lambda: None, self._message)

    # What the link calls, in the caller's thread.

    def start(self) -> Described:
        """Connect, and return when the first sample is here."""
        self._connection.open()
        self._until(lambda: self._newest is not None, BIRTH_SECONDS, self._ask)
        if self._newest is None or self._described is None:
            raise LinkError(
                f"No machine {self._node!r} answers at {self.address}. Check its name, or start "
                f"it: millwright-plant run {self._node} --mqtt "
                f"{self.address.host}:{self.address.port}"
            )
        return self._described

    @property
    def newest(self) -> Sample:
        """The newest sample in order."""
        with self._changed:
            assert self._newest is not None  # `start` waited for it.
            return self._newest

    def arrived(self) -> list[tuple[Sample, dict[str, float]]]:
        """Take the samples that came since, in order, each with the faults switched before it."""
        with self._changed:
            arrived, self._arrived = self._arrived, []
            return arrived

    def command(self, values: Mapping[str, float]) -> int:
        """Command the machine; return the last sample before the command works."""
        key = secrets.token_hex(8)
        metrics = [Metric(name, value, DataType.DOUBLE) for name, value in values.items()]
        metrics.append(Metric(COMMAND_ID, key, DataType.STRING))
        self._answers[key] = None
        try:
            self._until(
                lambda: self._answers[key] is not None,
                COMMAND_SECONDS,
                lambda: self._publish_command(*metrics),
            )
        finally:
            answer = self._answers.pop(key)
        if answer is None:
            raise LinkError(
                f"{self._node} did not confirm the command within {COMMAND_SECONDS:g} s, and may "
                "not have taken it. Check the network, the broker and the machine; then look at "
                "the inputs in the data before you command again."
            )
        after, refused = answer
        if refused:
            raise LinkError(f"{self._node} refused the command: {refused}")
        return after

    def wait_for(self, seq: int) -> None:
        """Return when sample `seq` is here."""
        self._heard = time.monotonic()
        patience = max(PATIENCE, 3.0 * self._interval)
        while not self._until(lambda: self._next > seq, REPEAT_SECONDS, self._ask):
            if not self.alive():
                raise LinkError(f"{self._node} has ended. Start it again with `link.start(...)`.")
            if time.monotonic() > self._heard + patience:
                raise LinkError(
                    f"{self._node} has given no sample for {patience:.0f} s. The link goes on "
                    "trying: wait again, or connect anew."
                )

    def stop(self) -> None:
        """Disconnect."""
        with self._changed:
            self._failed = self._failed or closed()
            self._changed.notify_all()
        self._connection.close()
        self.ended()

    def _until(self, done: Callable[[], bool], seconds: float, again: Callable[[], None]) -> bool:
        """Wait until `done`, and do something `again` from time to time; False: in vain."""
        end = time.monotonic() + seconds
        repeat = 0.0
        with self._changed:
            while not done():
                if self._failed:
                    raise self._failed
                now = time.monotonic()
                if now >= end:
                    return False
                if now >= repeat:
                    again()
                    repeat = now + REPEAT_SECONDS
                self._changed.wait(min(end - now, REPEAT_SECONDS))
        return True

    # What paho's thread does.

    def _message(self, topic: str, data: bytes) -> None:
        with self._changed:
            try:
                where = Topic.parse(topic)
                if where.kind in ("NCMD", "DCMD"):
                    return
                payload = decode(data)
                if where.kind == "NDEATH":
                    return
                self._count(where, payload)
                if where.kind == "NBIRTH":
                    self._tags = None
                elif where.kind == "DBIRTH":
                    self._be_born(where, payload)
                elif where.kind == "DDATA" and self._tags is not None:
                    self._take_data(payload, self._tags)
            except (LinkError, KeyError, TypeError, ValueError):
                self.ignored += 1
            self._ask()
            self._changed.notify_all()

    def _count(self, where: Topic, payload: Payload) -> None:
        """Follow the counter of the messages; ask for a birth where one is missing.

        What comes meanwhile is taken all the same: samples say themselves which they are.
        """
        if payload.seq is None:
            raise ValueError
        if where.kind != "NBIRTH" and payload.seq != self._seq:
            self._ask_birth()
        self._seq = (payload.seq + 1) % ROLLOVER

    def _be_born(self, where: Topic, payload: Payload) -> None:
        values = {metric.name: metric.value for metric in payload.metrics if metric.name}
        described = Described.from_json(json.loads(_as(str, values[DESCRIPTION])))
        run, newest = _as(str, values[RUN]), _as(int, values[SAMPLE])
        speed = _as(float, values[SPEED])
        if not self._run:
            self._run = run
            self._next = 0 if self.whole else newest
            self._described = described
            columns = [*(INPUTS + n for n in described.inputs)]
            columns += [*(OUTPUTS + n for n in described.outputs)]
            self._columns = {name: place for place, name in enumerate(columns)}
        elif run != self._run:
            self._failed = self._failed or LinkError(
                f"{self._node} was started anew since; this recording ends. Connect again."
            )
            return
        self._device = where.device
        self._interval = described.dt / speed if speed > 0.0 else 0.0
        self._tags = {m.alias: m.name for m in payload.metrics if m.alias is not None and m.name}
        self._known = max(self._known, newest)
        # A gateway that comes back sends what it stored; ask only for what then still lacks.
        self._moved = time.monotonic()

    def _take_data(self, payload: Payload, tags: Mapping[int, str]) -> None:
        row = [float("nan")] * len(self._columns)
        missing = set(self._columns.values())
        if not any(tags.get(m.alias or 0) == RUN and m.value == self._run for m in payload.metrics):
            raise ValueError
        seq, faults = -1, dict[str, float]()
        answer: dict[str, Value] = {}
        for metric in payload.metrics:
            name = tags[metric.alias] if metric.alias is not None else metric.name or ""
            place = self._columns.get(name)
            if place is not None:
                row[place] = float("nan") if metric.value is None else _as(float, metric.value)
                missing.discard(place)
            elif name == SAMPLE:
                if seq >= 0 and not missing:
                    self._arrive(seq, row, faults)
                seq, row, faults = _as(int, metric.value), row.copy(), {}
            elif name.startswith(FAULTS):
                faults[name.removeprefix(FAULTS)] = _as(float, metric.value)
            else:
                answer[name] = metric.value
        if seq >= 0:
            if missing:
                raise ValueError
            self._arrive(seq, row, faults)
        if (oldest := answer.get(HISTORY_OLDEST)) is not None and _as(int, oldest) > self._next:
            # What the machine no longer has stays a gap in the recording.
            self._next = _as(int, oldest)
            self._early = {k: v for k, v in self._early.items() if k >= self._next}
            self._follow()
        if (key := str(answer.get(COMMAND_ID, ""))) in self._answers:
            after = _as(int, answer[COMMAND_AFTER])
            self._answers[key] = (after, _as(str, answer[COMMAND_ANSWER]))

    def _arrive(self, seq: int, row: list[float], faults: dict[str, float]) -> None:
        self._known = max(self._known, seq)
        if seq < self._next or seq in self._early:
            self.doubles += 1
        elif seq == self._next or len(self._early) < HELD:
            self._early[seq] = (row, faults)
            self._follow()

    def _follow(self) -> None:
        """Pass on the samples whose turn it is."""
        described = self._described
        assert described is not None  # Its birth came before its data.
        n = len(described.inputs)
        while self._next in self._early:
            row, faults = self._early.pop(self._next)
            self._newest = Sample(
                self._next,
                self._next * described.dt,
                dict(zip(described.inputs, row[:n], strict=True)),
                dict(zip(described.outputs, row[n:], strict=True)),
            )
            self._arrived.append((self._newest, faults))
            self._next += 1
            self._heard = self._moved = time.monotonic()

    def _ask_birth(self) -> None:
        if time.monotonic() < self._birth_asked + REPEAT_SECONDS:
            return
        self._birth_asked = time.monotonic()
        rebirth = Metric(REBIRTH, True, DataType.BOOLEAN, timestamp=now_ms())
        self._connection.publish(
            Topic(GROUP, "NCMD", self._node), Payload(now_ms(), metrics=[rebirth])
        )

    def _ask(self) -> None:
        """Ask for what is missing: a birth, or samples."""
        if self._failed:
            return
        if self._tags is None:
            self._ask_birth()
            return
        now, (asked, upto) = time.monotonic(), self._asked
        moving = self._newest and not self._early and now < self._moved + REPEAT_SECONDS
        answered = 0 <= upto < self._next
        if self._next > self._known or moving or (now < asked + REPEAT_SECONDS and not answered):
            return
        end = min([self._known + 1, self._next + ASKED, *self._early])
        self._asked = (time.monotonic(), end - 1)
        self._publish_command(
            Metric(HISTORY_FROM, self._next, DataType.INT64),
            Metric(HISTORY_COUNT, end - self._next, DataType.INT64),
        )

    def _publish_command(self, *metrics: Metric) -> None:
        for metric in metrics:
            metric.timestamp = now_ms()
        topic = Topic(GROUP, "DCMD", self._node, self._device)
        self._connection.publish(topic, Payload(now_ms(), metrics=list(metrics)))


def _as(kind: type, value: Value) -> Any:
    """Return a metric's value if it is of the expected kind."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no {kind.__name__}")
    return value
