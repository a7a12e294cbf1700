"""A running station over OPC UA.

```
Objects/Machines/<station>/
  Identification   Manufacturer, Model, SerialNumber, …: see `companion`, as for what follows it
  Monitoring       of a machine tool: OperationMode, PowerOnDuration, …
  CncAxisList      of a CNC axis: X/PosDirect/ActPos, …
  Inputs           writable, with EURange and EngineeringUnits; clipped to what the actuator can do
  Outputs          one value for each sample, with the time it was due; a lost one is Bad
  Faults           severity of each fault now
  Clock            Time (s), SampleTime (s), Speed (plant seconds in a second)
  Description      what the station is, as JSON
  Run              another one each time the plant is started
  Block            [first sample, values, faults]: new samples, many at once
  Write, SetFault  several at once, or none; return the last sample before them
  History          samples again, as a Block
```

Any client reads Outputs as it is used to. `OpcUaLink` reads Block, whose sequence numbers say
what is missing, and asks History for it.

Whoever connects needs a certificate in our trust list, an encrypted channel, and the password.
"""

# asyncua annotates OPC UA's integers and strings as classes of its own, and takes Python's.
# mypy: disable-error-code="arg-type"

from __future__ import annotations

import datetime as dt
import hmac
import json
import logging
import socket
import uuid
from typing import Any, Self

from asyncua import Server, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession, SessionState

from millwright_labs.errors import LinkError, PlantError
from millwright_labs.link.certificates import Keys, fingerprint
from millwright_labs.link.companion import Companion
from millwright_labs.link.opcua_nodes import add_analog, measured
from millwright_labs.link.running import Block, Running
from millwright_labs.link.station import Described

NAMESPACE = "urn:millwright:plant"
PATH = "/millwright"
PORT = 4840  # registered for OPC UA
USER = "learner"

#: Samples in one answer of History.
HISTORY_SAMPLES = 20_000

#: Sessions and subscriptions that one plant serves: a class, not the internet.
CONNECTIONS = 64

Status = ua.StatusCodes

log = logging.getLogger(__name__)

# What matters of a connection is ours to report; asyncua's own log stays open to whoever asks.
logging.getLogger("asyncua").addHandler(logging.NullHandler())


class OpcUaServer:
    """Serve a running station; use it with ``async with``, then run the station.

    Parameters
    ----------
    running : Running
        The plant.
    keys : Keys
        Its certificate, the clients it trusts, its password.
    host, port
        Where to listen; port 0 takes a free one.
    user, password : str
        What a client has to know.
    anonymous : bool
        Let trusted clients in without a password.

    Attributes
    ----------
    address : str
    machine : Node
        The station's object in the address space. Both are known once the server has started.

    Raises
    ------
    LinkError
        The port is taken, or the host is not ours.
    """

    def __init__(
        self,
        running: Running,
        keys: Keys,
        host: str = "127.0.0.1",
        port: int = PORT,
        user: str = USER,
        password: str | None = None,
        anonymous: bool = False,
    ):
        self.running, self.keys, self.host, self.port = running, keys, host, port
        self.address = ""
        self._server = Server(
            _InternalServer(_Users(keys, user, password or keys.password, anonymous))
        )
        self._anonymous = anonymous
        self._ours = False

    async def __aenter__(self) -> Self:
        server = self._server
        try:
            with socket.create_server((self.host, self.port)) as probe:
                self.port = probe.getsockname()[1]
        except (OSError, OverflowError) as error:
            raise LinkError(
                f"Nothing can be served at {self.host}, port {self.port}: {error}. Choose another "
                "--port or --host, or end what listens there."
            ) from None
        await server.init()
        server.set_server_name("Millwright plant")
        await server.set_application_uri(self.keys.uri("server"))
        server.set_endpoint(f"opc.tcp://{self.host}:{self.port}{PATH}")
        # Of a private network or a container we do not know the outer address.
        server.set_match_discovery_client_ip(False)
        server.set_security_policy(
            [
                ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
                ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
            ]
        )
        tokens: list[type] = [ua.UserNameIdentityToken]
        if self._anonymous:
            tokens.append(ua.AnonymousIdentityToken)
        server.set_identity_tokens(tokens)
        server.allow_remote_admin(False)
        server.iserver.max_connections = server.iserver.max_subscriptions = CONNECTIONS
        await server.load_certificate(self.keys.certificate("server"))
        await server.load_private_key(self.keys.key("server"))
        await self._build()
        await server.start()
        name = socket.gethostname() if self.host == "0.0.0.0" else self.host
        self.address = f"opc.tcp://{name}:{self.port}{PATH}"
        self.running.listeners.append(self._publish)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.running.listeners.remove(self._publish)
        await self._server.stop()

    async def _build(self) -> None:
        station = self.running.station
        self._ns = ns = await self._server.register_namespace(NAMESPACE)
        self._companion = Companion(self._server, ns, station)
        machine = self.machine = await self._companion.add_machine(
            ua.NodeId("station", ns), NAMESPACE, self.running.began
        )
        inputs = await machine.add_object(ns, "Inputs")
        outputs = await machine.add_object(ns, "Outputs")
        applied = station.applied()
        self._inputs = {
            name: await add_analog(inputs, ns, name, signal, applied[name])
            for name, signal in station.inputs.items()
        }
        for name, node in self._inputs.items():
            await node.set_writable()
            self._server.iserver.set_attribute_value_setter(node.nodeid, self._setter(name))
        self._outputs = {
            name: (await add_analog(outputs, ns, name, signal, 0.0)).nodeid
            for name, signal in station.outputs.items()
        }
        await self._companion.add_values(machine)
        faults = await machine.add_object(ns, "Faults")
        self._faults = {
            name: await faults.add_variable(ns, name, float(station.severities.get(name, 0.0)))
            for name in station.faults
        }
        clock = await machine.add_object(ns, "Clock")
        self._time = await clock.add_variable(ns, "Time", 0.0)
        await clock.add_variable(ns, "SampleTime", station.dt)
        await clock.add_variable(*self._known("Speed"), float(self.running.speed))
        description = json.dumps(Described.of(station).as_json(), ensure_ascii=False)
        await machine.add_variable(*self._known("Description"), description)
        await machine.add_variable(*self._known("Run"), uuid.uuid4().hex)
        self._block = await machine.add_variable(
            *self._known("Block"),
            as_wire(self.running.samples(0, 1)),
            ua.VariantType.Variant,
            ua.NodeId(ua.ObjectIds.BaseDataType),
        )
        for name, method, values in (
            ("Write", self._write, "Values"),
            ("SetFault", self._set_fault, "Severities"),
        ):
            await machine.add_method(
                *self._known(name),
                method,
                [
                    _argument("Names", ua.VariantType.String, True),
                    _argument(values, ua.VariantType.Double, True),
                ],
                [_argument("Sample", ua.VariantType.UInt64)],
            )
        await machine.add_method(
            *self._known("History"),
            self._history,
            [_argument("First", ua.VariantType.UInt64), _argument("Count", ua.VariantType.UInt32)],
            [
                _argument("First", ua.VariantType.UInt64),
                _argument("Values", ua.VariantType.Double, True),
                _argument("Faults", ua.VariantType.String),
            ],
        )
        await self._publish(self.running.samples(0, 1))

    def _known(self, name: str) -> tuple[ua.NodeId, ua.QualifiedName]:
        """Return identifier and name of a node that links find without browsing."""
        return ua.NodeId(name, self._ns), ua.QualifiedName(name, self._ns)

    async def _publish(self, block: Block) -> None:
        """Show the clients new samples."""
        running = self.running
        station, write = running.station, self._server.iserver.aspace.write_attribute_value
        value, n = ua.AttributeIds.Value, len(station.inputs)
        width = n + len(station.outputs)
        for i in range(0, len(block.values), width):
            due = dt.datetime.fromtimestamp(running.due(block.first + i // width), dt.UTC)
            for nodeid, number in zip(
                self._outputs.values(), block.values[i + n : i + width], strict=True
            ):
                await write(nodeid, value, measured(number, due))
        await self._companion.show(block.values[-width:], running.last * station.dt, due)
        self._ours = True
        for node, now in zip(self._inputs.values(), block.values[-width:], strict=False):
            await write(node.nodeid, value, _double(now))
        self._ours = False
        for _, severities in block.faults:
            for name, severity in severities.items():
                await write(self._faults[name].nodeid, value, _double(severity))
        await write(self._time.nodeid, value, _double(running.last * station.dt))
        await write(self._block.nodeid, value, ua.DataValue(_wire_variant(block)))

    def _setter(self, name: str) -> Any:
        def set_input(node: Any, attribute: ua.AttributeIds, given: ua.DataValue) -> None:
            if not self._ours:
                if given.Value is None or given.Value.Value is None:
                    raise ua.UaStatusCodeError(Status.BadTypeMismatch)
                try:
                    self.running.write(**{name: given.Value.Value})
                except PlantError:
                    raise ua.UaStatusCodeError(Status.BadOutOfRange) from None
                given = _double(self.running.station.applied()[name])
            node.attributes[attribute].value = given

        return set_input

    async def _write(self, _: ua.NodeId, names: ua.Variant, values: ua.Variant) -> Any:
        return self._command(self.running.write, names, values)

    async def _set_fault(self, _: ua.NodeId, names: ua.Variant, values: ua.Variant) -> Any:
        return self._command(self.running.fault, names, values)

    @staticmethod
    def _command(command: Any, names: ua.Variant, values: ua.Variant) -> Any:
        if names.VariantType != ua.VariantType.String or values.VariantType != (
            ua.VariantType.Double
        ):
            return ua.StatusCode(Status.BadTypeMismatch)
        try:
            taken = command(**dict(zip(names.Value or [], values.Value or [], strict=True)))
        except (PlantError, ValueError, TypeError):
            return ua.StatusCode(Status.BadInvalidArgument)
        return [ua.Variant(taken, ua.VariantType.UInt64)]

    async def _history(self, _: ua.NodeId, first: ua.Variant, count: ua.Variant) -> Any:
        if not (isinstance(first.Value, int) and isinstance(count.Value, int)):
            return ua.StatusCode(Status.BadTypeMismatch)
        if first.Value < 0 or count.Value < 0:
            return ua.StatusCode(Status.BadOutOfRange)
        return as_wire(self.running.samples(first.Value, min(count.Value, HISTORY_SAMPLES)))


class _Users:
    """Who may log in.

    asyncua asks at each log-in, with the certificate of the channel itself. Its own validator
    looks at the one that a client names when it opens a session, and only where it names one.
    """

    def __init__(self, keys: Keys, user: str, password: str, anonymous: bool):
        self.keys, self.user, self.password, self.anonymous = keys, user, password, anonymous

    def get_user(
        self,
        iserver: InternalServer,
        username: str | None = None,
        password: str | None = None,
        certificate: bytes | None = None,
    ) -> User | None:
        if not self.keys.trusts(certificate, "client"):
            mark = fingerprint(certificate) if certificate else "none"
            log.warning("Log-in refused: the client's certificate is not trusted (%s).", mark)
            raise ServiceError(Status.BadCertificateUntrusted)
        if username is None:
            return User(UserRole.User, "anonymous") if self.anonymous else None
        right = (_same(username, self.user), _same(password or "", self.password))
        if not all(right):
            log.warning("Log-in refused: user %r, wrong user or password.", username)
            return None
        return User(UserRole.User, username)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


class _InternalServer(InternalServer):
    def create_session(
        self, name: str, user: User | None = None, external: bool = False
    ) -> InternalSession:
        user = user or User(UserRole.Anonymous)
        return _Session(self, self.aspace, self.subscription_service, name, user, external)


class _Session(InternalSession):
    """A session that serves nobody before log-in.

    asyncua asks a session for its user at each request, but not whether anyone has logged in.
    """

    @property
    def user(self) -> User:
        if self.external and self.state is not SessionState.Activated:
            raise ua.UaStatusCodeError(Status.BadSessionNotActivated)
        return self._user

    @user.setter
    def user(self, user: User) -> None:
        self._user = user


def as_wire(block: Block) -> list[ua.Variant]:
    """Return a block as OPC UA values."""
    return [
        ua.Variant(block.first, ua.VariantType.UInt64),
        ua.Variant(block.values, ua.VariantType.Double, is_array=True),
        ua.Variant(json.dumps(block.faults), ua.VariantType.String),
    ]


def from_wire(values: Any) -> Block:
    """Read what `as_wire` wrote."""
    first, numbers, faults = (v.Value if isinstance(v, ua.Variant) else v for v in values)
    return Block(first, list(numbers or []), [(seq, sev) for seq, sev in json.loads(faults)])


def _wire_variant(block: Block) -> ua.Variant:
    return ua.Variant(as_wire(block), ua.VariantType.Variant)


def _double(value: float) -> ua.DataValue:
    now = dt.datetime.now(dt.UTC)
    return ua.DataValue(ua.Variant(value, ua.VariantType.Double), SourceTimestamp=now)


def _argument(name: str, kind: ua.VariantType, array: bool = False) -> ua.Argument:
    rank = ua.ValueRank.OneDimension if array else ua.ValueRank.Scalar
    return ua.Argument(name, ua.NodeId(kind.value), rank)
