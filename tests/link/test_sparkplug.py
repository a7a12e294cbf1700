"""Sparkplug B payloads: as google.protobuf reads them by Tahu's schema, and robust to anything."""

import contextlib
import math
import struct

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs.errors import LinkError
from millwright_labs.link import sparkplug
from millwright_labs.link.sparkplug import DataType, Metric, Payload, Topic

FIELD = descriptor_pb2.FieldDescriptorProto
TYPES = {
    "uint64": FIELD.TYPE_UINT64,
    "uint32": FIELD.TYPE_UINT32,
    "double": FIELD.TYPE_DOUBLE,
    "float": FIELD.TYPE_FLOAT,
    "bool": FIELD.TYPE_BOOL,
    "string": FIELD.TYPE_STRING,
    "bytes": FIELD.TYPE_BYTES,
}


def tahu_payload() -> type:
    """Build Eclipse Tahu's Payload message (what is not nested deeper than a metric)."""
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_b.proto", package="tahu")
    payload = file.message_type.add(name="Payload")
    metric = payload.nested_type.add(name="Metric")
    metric.oneof_decl.add(name="value")
    for number, (name, kind) in {
        1: ("name", "string"),
        2: ("alias", "uint64"),
        3: ("timestamp", "uint64"),
        4: ("datatype", "uint32"),
        5: ("is_historical", "bool"),
        6: ("is_transient", "bool"),
        7: ("is_null", "bool"),
        10: ("int_value", "uint32"),
        11: ("long_value", "uint64"),
        12: ("float_value", "float"),
        13: ("double_value", "double"),
        14: ("boolean_value", "bool"),
        15: ("string_value", "string"),
        16: ("bytes_value", "bytes"),
    }.items():
        field = metric.field.add(name=name, number=number, type=TYPES[kind], label=1)
        if number >= 10:
            field.oneof_index = 0
    for number, name, kind in ((1, "timestamp", "uint64"), (3, "seq", "uint64")):
        payload.field.add(name=name, number=number, type=TYPES[kind], label=1)
    payload.field.add(name="uuid", number=4, type=TYPES["string"], label=1)
    payload.field.add(name="body", number=5, type=TYPES["bytes"], label=1)
    payload.field.add(
        name="metrics", number=2, type=FIELD.TYPE_MESSAGE, label=3, type_name=".tahu.Payload.Metric"
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tahu.Payload"))


TAHU = tahu_payload()

uint64 = st.integers(0, 2**64 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def whole(kind: DataType, low: int, high: int) -> st.SearchStrategy:
    return st.tuples(st.just(int(kind)), st.integers(low, high))


typed = st.one_of(
    st.tuples(st.just(int(DataType.DOUBLE)), st.floats()),
    st.tuples(st.just(int(DataType.FLOAT)), st.floats(width=32)),
    st.tuples(st.just(int(DataType.BOOLEAN)), st.booleans()),
    st.tuples(st.just(int(DataType.STRING)), texts),
    st.tuples(st.sampled_from(DataType).map(int), st.none()),
    *(
        whole(DataType[f"INT{bits}"], -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        for bits in (8, 16, 32, 64)
    ),
    *(whole(DataType[f"UINT{bits}"], 0, 2**bits - 1) for bits in (8, 16, 32, 64)),
)
metrics = st.builds(
    lambda name, pair, alias, timestamp, historical: Metric(
        name, pair[1], pair[0], alias, timestamp, historical
    ),
    st.none() | texts,
    typed,
    st.none() | uint64,
    st.none() | uint64,
    st.booleans(),
)
payloads = st.builds(
    Payload, st.none() | uint64, st.none() | st.integers(0, 255), st.lists(metrics, max_size=6)
)


def same(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return struct.pack("<d", a) == struct.pack("<d", b) or (math.isnan(a) and math.isnan(b))
    return type(a) is type(b) and a == b


@given(payloads)
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read(payload: Payload) -> None:
    back = sparkplug.decode(sparkplug.encode(payload))
    assert (back.timestamp, back.seq) == (payload.timestamp, payload.seq)
    assert len(back.metrics) == len(payload.metrics)
    for got, sent in zip(back.metrics, payload.metrics, strict=True):
        assert same(got.value, sent.value)
        got.value = sent.value = None
        assert got == sent


@given(payloads)
@settings(max_examples=150, deadline=None)
def test_google_protobuf_reads_it_as_tahu_does(payload: Payload) -> None:
    judge = TAHU()
    judge.ParseFromString(sparkplug.encode(payload))
    assert judge.HasField("timestamp") == (payload.timestamp is not None)
    assert judge.timestamp == (payload.timestamp or 0)
    assert judge.seq == (payload.seq or 0)
    for theirs, ours in zip(judge.metrics, payload.metrics, strict=True):
        assert theirs.name == (ours.name or "")
        assert theirs.HasField("alias") == (ours.alias is not None)
        assert (theirs.alias, theirs.timestamp) == (ours.alias or 0, ours.timestamp or 0)
        assert (theirs.datatype, theirs.is_historical) == (ours.datatype, ours.historical)
        assert theirs.is_null == (ours.value is None)
        which = theirs.WhichOneof("value")
        if ours.value is None:
            assert which is None
            continue
        value = getattr(theirs, which)
        kind = DataType(ours.datatype)
        if kind.name.startswith("INT"):
            assert which == ("long_value" if kind is DataType.INT64 else "int_value")
            width = 64 if which == "long_value" else 32
            value -= (value >> (width - 1)) << width
        assert same(value, ours.value)


@given(payloads)
@settings(max_examples=100, deadline=None)
def test_what_google_protobuf_writes_is_read(payload: Payload) -> None:
    judge = TAHU()
    judge.ParseFromString(sparkplug.encode(payload))
    # What others send besides: it is passed over.
    judge.uuid, judge.body = "someone", b"\x00\xff"
    for theirs in judge.metrics:
        theirs.is_transient = True
    back = sparkplug.decode(judge.SerializeToString())
    assert [m.name for m in back.metrics] == [m.name for m in payload.metrics]
    assert all(same(a.value, b.value) for a, b in zip(back.metrics, payload.metrics, strict=True))


@given(st.binary(max_size=200) | payloads.map(sparkplug.encode).map(lambda data: data[:-1]))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused_by_one_error(data: bytes) -> None:
    with contextlib.suppress(LinkError):
        sparkplug.decode(data)


@pytest.mark.parametrize(
    "data",
    [
        b"not a payload",
        b"{}",
        b"\x08",  # a number cut off
        b"\x08" + b"\xff" * 10 + b"\x01",  # a number of 71 bits
        b"\x12\xff\xff\xff\xff\x0f\x00",  # a metric of 4 GB
        b"\x12\x03\x69\x00\x00",  # a double cut off
        b"\x12\x02\x60\x01",  # a float as a varint
        b"\x12\x04\x0a\x02\xff\xfe",  # a name that is no UTF-8
        b"\x0b\x0c",  # groups, which protobuf has given up
        b"\x12\x00" * (sparkplug.MAX_METRICS + 1),
        b"\x00" * (sparkplug.MAX_PAYLOAD + 1),
    ],
)
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(LinkError, match="Not a payload of Sparkplug B"):
        sparkplug.decode(data)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("1.5", DataType.DOUBLE),
        (1, DataType.BOOLEAN),
        (128, DataType.INT8),
        (-1, DataType.UINT64),
        (1.0, DataType.INT64),
        (True, DataType.INT32),
        (1e300, DataType.FLOAT),
        (3.0, DataType.STRING),
        (3.0, 99),
    ],
)
def test_a_value_that_does_not_fit_is_not_written(value: float | str, kind: int) -> None:
    with pytest.raises(LinkError, match="cannot hold"):
        sparkplug.encode(Payload(metrics=[Metric("a", value, kind)]))


@pytest.mark.parametrize(
    "topic",
    ["spBv1.0/millwright/NBIRTH/pump", "spBv1.0/millwright/DDATA/pump/pump_wear"],
)
def test_topics_come_back(topic: str) -> None:
    assert str(Topic.parse(topic)) == topic


@pytest.mark.parametrize(
    "topic",
    ["", "a/b", "spBv1.0/g/DDATA/pump", "spBv1.0/g/NDATA/pump/x", "spBv1.0/g/XDATA/pump/x",
     "spAv1.0/g/NDATA/pump", "spBv1.0//NDATA/pump", "spBv1.0/g/NDATA/pump/x/y"],
)  # fmt: skip
def test_other_topics_are_refused(topic: str) -> None:
    with pytest.raises(LinkError, match="no topic of Sparkplug B"):
        Topic.parse(topic)


@pytest.mark.parametrize("name", ["", "a/b", "a+", "#", "x" * 65, "a\n"])
def test_a_machine_cannot_be_named_like_a_wildcard(name: str) -> None:
    with pytest.raises(LinkError, match="cannot name a machine"):
        sparkplug.checked_id(name)
