"""Sparkplug B: the payloads and topics by which machines speak over MQTT.

A payload is a protobuf message of Eclipse Tahu's schema. What the links of this package need of it
is small (numbers, truths and texts with names or aliases), so it is written and read here; what
else a payload holds (data sets, templates, properties) is passed over when reading. `decode` takes
bytes from anybody: it either returns a payload or raises one `LinkError`, in time and memory bound
by the length of what it got, and longer ones than `MAX_PAYLOAD` are not looked at.

Source: Eclipse Sparkplug specification 3.0.0, chapters 4 (topics) and 6 (payloads).
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from millwright_labs.errors import LinkError

NAMESPACE = "spBv1.0"

#: Bytes of the longest payload that is read, and metrics in it.
MAX_PAYLOAD, MAX_METRICS = 4 * 2**20, 200_000

#: Message counters run from 0 to 255.
ROLLOVER = 256

Value = float | int | bool | str | None


class DataType(enum.IntEnum):
    """The data types of metrics that are written and read (section 6.4.16)."""

    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15


_SIGNED = {DataType.INT8: 8, DataType.INT16: 16, DataType.INT32: 32, DataType.INT64: 64}
_UNSIGNED = {
    DataType.UINT8: 8,
    DataType.UINT16: 16,
    DataType.UINT32: 32,
    DataType.UINT64: 64,
    DataType.DATETIME: 64,
}
_TEXTS = (DataType.STRING, DataType.TEXT, DataType.UUID)


@dataclass(slots=True)
class Metric:
    """One value.

    Attributes
    ----------
    name : str or None
        Needed in births; afterwards the alias says enough.
    value : float, int, bool, str or None
        None where the value is null.
    datatype : int
        One of `DataType`; 0 where the sender left it out.
    alias : int or None
    timestamp : int or None
        When it was measured (ms since 1970, UTC).
    historical : bool
        Whether it comes late, from a store.
    """

    name: str | None = None
    value: Value = None
    datatype: int = 0
    alias: int | None = None
    timestamp: int | None = None
    historical: bool = False


@dataclass(slots=True)
class Payload:
    """A message: when it was sent (ms since 1970), its counter 0-255, and its metrics."""

    timestamp: int | None = None
    seq: int | None = None
    metrics: list[Metric] = field(default_factory=list)


@dataclass(frozen=True)
class Topic:
    """Where a message goes: group, kind of message, edge node, and the device where there is one.

    `kind` is one of NBIRTH, NDEATH, NDATA, NCMD, DBIRTH, DDEATH, DDATA and DCMD.
    """

    group: str
    kind: str
    node: str
    device: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (NAMESPACE, self.group, self.kind, self.node, self.device)))

    @classmethod
    def parse(cls, topic: str) -> Topic:
        """Read a topic.

        Raises
        ------
        LinkError
            It is none of Sparkplug B.
        """
        parts = topic.split("/")
        kinds = {"N": 4, "D": 5}
        if (
            len(parts) < 4
            or parts[0] != NAMESPACE
            or not all(parts)
            or parts[2][1:] not in ("BIRTH", "DEATH", "DATA", "CMD")
            or kinds.get(parts[2][0]) != len(parts)
        ):
            raise LinkError(f"{topic!r} is no topic of Sparkplug B. Check what else publishes.")
        return cls(*parts[1:])


def checked_id(name: str) -> str:
    """Return a name that may stand in a topic.

    Raises
    ------
    LinkError
        Empty, too long, or with one of the characters + # / (section 4.1).
    """
    if not 0 < len(name) <= 64 or any(c in "+#/" or not c.isprintable() for c in name):
        raise LinkError(
            f"{name!r} cannot name a machine in a topic. Use 1 to 64 characters without + # and /."
        )
    return name


def encode(payload: Payload) -> bytes:
    """Write a payload.

    Raises
    ------
    LinkError
        A metric's value does not fit its data type.
    """
    out = bytearray()
    if payload.timestamp is not None:
        out += b"\x08" + _varint(payload.timestamp)
    for metric in payload.metrics:
        body = _metric(metric)
        out += b"\x12" + _varint(len(body)) + body
    if payload.seq is not None:
        out += b"\x18" + _varint(payload.seq)
    return bytes(out)


def _metric(metric: Metric) -> bytes:
    out = bytearray()
    if metric.name is not None:
        text = metric.name.encode(errors="replace")
        out += b"\x0a" + _varint(len(text)) + text
    if metric.alias is not None:
        out += b"\x10" + _varint(metric.alias)
    if metric.timestamp is not None:
        out += b"\x18" + _varint(metric.timestamp)
    if metric.datatype:
        out += b"\x20" + _varint(metric.datatype)
    if metric.historical:
        out += b"\x28\x01"
    value, kind = metric.value, metric.datatype
    try:
        if value is None:
            out += b"\x38\x01"
        elif kind == DataType.DOUBLE:
            out += b"\x69" + struct.pack("<d", value)
        elif kind == DataType.FLOAT:
            out += b"\x65" + struct.pack("<f", value)
        elif kind == DataType.BOOLEAN and isinstance(value, bool):
            out += b"\x70\x01" if value else b"\x70\x00"
        elif kind in _TEXTS and isinstance(value, str):
            text = value.encode()
            out += b"\x7a" + _varint(len(text)) + text
        elif kind in _SIGNED or kind in _UNSIGNED:
            out += _whole(value, DataType(kind))
        else:
            raise ValueError
    except (TypeError, ValueError, OverflowError, struct.error):
        raise LinkError(
            f"The metric {metric.name or metric.alias!r} of Sparkplug data type {kind} cannot "
            f"hold {value!r}. Give a value of that type."
        ) from None
    return bytes(out)


def _whole(value: Value, kind: DataType) -> bytes:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError
    bits = _SIGNED.get(kind) or _UNSIGNED[kind]
    low = -(1 << bits - 1) if kind in _SIGNED else 0
    if not low <= value < low + (1 << bits):
        raise ValueError
    # Negative ones as two's complement of the field's width, not of the type's.
    if bits == 64:
        return b"\x58" + _varint(value % 2**64)
    return b"\x50" + _varint(value % 2**32)


def _varint(number: int) -> bytes:
    if not 0 <= number < 2**64:
        raise LinkError(f"{number!r} does not fit a field of 64 bits. Give a number from 0 up.")
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def decode(data: bytes) -> Payload:
    """Read a payload.

    A value that does not fit its data type, a metric without a value, and a value of a kind that
    is not read come as None.

    Raises
    ------
    LinkError
        Not a payload of Sparkplug B, or too long.
    """
    if len(data) > MAX_PAYLOAD:
        raise garbage(f"{len(data)} bytes")
    payload = Payload()
    try:
        for number, value in _fields(data, _PAYLOAD_WIRE):
            if number == 1:
                payload.timestamp = value
            elif number == 3:
                payload.seq = value
            elif len(payload.metrics) < MAX_METRICS:
                payload.metrics.append(_read_metric(value))
            else:
                raise ValueError(f"more than {MAX_METRICS} metrics")
    except ValueError as error:
        raise garbage(str(error)) from None
    return payload


def garbage(why: str) -> LinkError:
    """Return the error of a payload that cannot be read."""
    return LinkError(f"Not a payload of Sparkplug B ({why}). Check what publishes on this topic.")


#: Wire types of protobuf: how the length of a field is told.
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

#: The fields that are read: number to wire type.
_PAYLOAD_WIRE = {1: _VARINT, 2: _BYTES, 3: _VARINT}
_METRIC_WIRE = {
    **{1: _BYTES, 2: _VARINT, 3: _VARINT, 4: _VARINT, 5: _VARINT, 7: _VARINT},
    **{10: _VARINT, 11: _VARINT, 12: _FIXED32, 13: _FIXED64, 14: _VARINT, 15: _BYTES},
}


def _read_metric(data: bytes) -> Metric:
    metric = Metric()
    null = False
    value: Value = None
    for number, raw in _fields(data, _METRIC_WIRE):
        if number == 1:
            metric.name = raw.decode()
        elif number == 2:
            metric.alias = raw
        elif number == 3:
            metric.timestamp = raw
        elif number == 4:
            metric.datatype = raw
        elif number == 5:
            metric.historical = bool(raw)
        elif number == 7:
            null = bool(raw)
        elif number == 12:
            value = struct.unpack("<f", raw)[0]
        elif number == 13:
            value = struct.unpack("<d", raw)[0]
        elif number == 14:
            value = bool(raw)
        elif number == 15:
            value = raw.decode()
        else:
            value = raw
    if null:
        return metric
    bits = _SIGNED.get(metric.datatype)  # type: ignore[call-overload]
    if bits and isinstance(value, int):
        value %= 1 << bits
        value -= (value >> bits - 1) << bits
    metric.value = value
    return metric


def _fields(data: bytes, wires: dict[int, int]) -> Iterator[tuple[int, Any]]:
    """Yield number and raw value (int or bytes) of the fields that `wires` names."""
    place, end = 0, len(data)
    while place < end:
        tag, place = _read_varint(data, place)
        number, wire = tag >> 3, tag & 7
        value: int | bytes
        if wire == _VARINT:
            value, place = _read_varint(data, place)
        else:
            if wire == _BYTES:
                length, place = _read_varint(data, place)
            elif wire in (_FIXED64, _FIXED32):
                length = 8 if wire == _FIXED64 else 4
            else:
                raise ValueError(f"wire type {wire}")
            if length > end - place:
                raise ValueError("cut off")
            value = data[place : place + length]
            place += length
        if number == 0 or wires.get(number, wire) != wire:
            raise ValueError(f"field {number} of wire type {wire}")
        if number in wires:
            yield number, value


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while shift < 64:
        if place >= len(data):
            raise ValueError("cut off")
        byte = data[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if number >= 2**64:
                break
            return number, place
        shift += 7
    raise ValueError("a number of more than 64 bits")
