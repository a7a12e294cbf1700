"""A machine over MQTT: real brokers, real connections, and what goes wrong with them."""

import math
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from millwright_labs import link
from millwright_labs.errors import LinkError, TrustError
from millwright_labs.link.broker import Broker
from millwright_labs.link.mqtt import GROUP, Address, MqttLink
from millwright_labs.link.sparkplug import DataType, Metric, Payload, decode, encode
from mqtt_plant import (
    PASSWORD,
    USER,
    USERS,
    Listener,
    Published,
    brokers,
    has_mosquitto,
    until,
)
from test_sparkplug import TAHU

pytestmark = pytest.mark.timeout(120)

#: Plant seconds in a second: 500 samples of the motor a second.
SPEED = 5.0


@pytest.fixture(
    params=[
        "amqtt",
        pytest.param(
            "mosquitto", marks=pytest.mark.skipif(not has_mosquitto(), reason="no mosquitto")
        ),
    ]
)
def start_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable]:
    yield from brokers(request.param, tmp_path)


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker(USERS) as broker:
        yield broker


@pytest.fixture(scope="module")
def motor(broker: Broker) -> Iterator[Published]:
    with Published(broker.address, "dc_motor", SPEED) as published:
        yield published


def connect(broker: Broker, machine: str = "dc_motor", **options: object) -> MqttLink:
    return MqttLink(f"mqtt://{broker.address}/{machine}", USER, PASSWORD, **options)  # type: ignore[arg-type]


def test_the_recording_of_a_live_machine_replays_exactly(broker: Broker, motor: Published) -> None:
    with connect(broker, whole=True) as plant:
        assert plant.units["V"] == "V"
        plant.write(V=6.0)
        first = plant.wait(0.2)
        assert (first["V"].tail(20) == 6.0).all()
        plant.write(V=1e6)
        plant.fault(friction_growth=0.5)
        assert plant.wait(0.2)["V"].iloc[-1] == plant.inputs["V"].high
        t = plant.t
        plant.step(V=0.0)
        assert plant.t > t
        recording = plant.recording
    assert recording.gaps() == []
    assert {"friction_growth": 0.5} in [severities for _, severities in recording.commands]
    assert recording.differs() == ""
    with pytest.raises(LinkError, match="closed"):
        plant.write(V=1.0)


def test_two_links_record_the_same(broker: Broker, motor: Published) -> None:
    address = f"mqtt://{broker.address}/dc_motor"
    with connect(broker) as one, link.connect(address, USER, PASSWORD) as other:
        one.fault(friction_growth=0.1)
        one.wait(0.3)
        other.wait(0.3)
        both = one.recording.table.index.intersection(other.recording.table.index)
        assert len(both) > 20
        assert one.recording.table.loc[both].equals(other.recording.table.loc[both])


def test_an_outage_of_the_broker_loses_and_doubles_nothing(
    start_broker: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = start_broker()
    with Published(broker.address, "dc_motor", SPEED) as motor, connect(broker) as plant:
        plant.write(V=5.0)
        plant.wait(0.3)
        before = plant.t
        broker.close()
        with monkeypatch.context() as hurry:
            hurry.setattr("millwright_labs.link.mqtt.COMMAND_SECONDS", 1.0)
            with pytest.raises(LinkError, match="did not confirm"):
                plant.write(V=9.0)
        missed = motor.running.last
        assert missed > plant.recording.last + 100
        broker = start_broker(broker.port)
        # Somebody with a plain client sees what is sent late, and that it is marked so.
        with Listener(broker.port) as listener:
            plant.wait(motor.running.last * plant.dt - before + 0.5)
            plant.fault(friction_growth=0.3)
            plant.wait(0.1)
            late = [m for data in listener.of("DDATA") for m in decode(data).metrics]
            assert any(m.historical for m in late)
        recording = plant.recording
    table = recording.table
    assert recording.last > missed
    assert [round(t / plant.dt) for t in table.index] == list(
        range(round(table.index[0] / plant.dt), recording.last + 1)
    )
    assert recording.commands[-1][1] == {"friction_growth": 0.3}
    # What was refused does not happen later.
    assert 9.0 not in table["V"].tolist()


def test_what_the_machine_no_longer_has_stays_a_gap(start_broker: Callable) -> None:
    broker = start_broker()
    with (
        Published(broker.address, "dc_motor", SPEED, kept=100) as motor,
        connect(broker) as plant,
    ):
        plant.wait(0.1)
        broker.close()
        last = plant.recording.last
        until(lambda: motor.running.last > last + 400)
        broker = start_broker(broker.port)
        plant.wait(6.0)
        (gap,) = [gap for gap in plant.recording.gaps() if gap[0] > 0 and gap[1] > last]
        assert gap[0] >= last
        with pytest.raises(LinkError, match="lacks the samples"):
            plant.recording.replay()


class BadNetwork:
    """Carries messages between two brokers; loses, doubles and delays some of the data."""

    def __init__(self, here: Broker, there: Broker, seed: int):
        self.random = random.Random(seed)
        self.lost = self.doubled = self.late = 0
        self._held: list[tuple[str, bytes]] = []
        self.ends = [paho.Client(paho.CallbackAPIVersion.VERSION2) for _ in range(2)]
        subscribed = threading.Semaphore(0)
        for end, other, broker, way, topics in (
            (*self.ends, here, self._worse, ("NBIRTH", "DBIRTH", "DDATA", "NDEATH", "DDEATH")),
            (*self.ends[::-1], there, self._same, ("NCMD", "DCMD")),
        ):
            end.username_pw_set(USER, PASSWORD)
            end.on_message = lambda _, __, m, other=other, way=way: [
                other.publish(*message) for message in way(m.topic, m.payload)
            ]
            end.on_subscribe = lambda *_: subscribed.release()
            end.connect("127.0.0.1", broker.port)
            for topic in topics:
                end.subscribe(f"spBv1.0/{GROUP}/{topic}/#")
            end.loop_start()
        for _ in range(7):
            assert subscribed.acquire(timeout=10.0)

    def _same(self, topic: str, data: bytes) -> list[tuple[str, bytes]]:
        return [(topic, data)]

    def _worse(self, topic: str, data: bytes) -> list[tuple[str, bytes]]:
        message = (topic, data)
        fate = self.random.random() if "DDATA" in topic else 1.0
        if fate < 0.05:
            self.lost += 1
            return []
        if fate < 0.10:
            self.doubled += 1
            return [message, message]
        if fate < 0.15:
            self.late += 1
            self._held.append(message)
            return []
        held, self._held = self._held, []
        return [message, *held]

    def close(self) -> None:
        for end in self.ends:
            end.disconnect()
            end.loop_stop()


def test_lost_doubled_and_late_messages_leave_no_trace(broker: Broker, motor: Published) -> None:
    with Broker(USERS) as there:
        network = BadNetwork(broker, there, seed=1)
        with connect(there) as plant:
            first = plant.recording.last
            for k in range(6):
                plant.write(V=float(k))
                plant.wait(1.5)
            assert network.lost
            assert network.doubled
            assert network.late
            recording = plant.recording
        network.close()
    assert recording.last - first > 6 * 1.5 / plant.dt
    # Nothing lacks but what was before the link.
    assert len(recording.gaps()) == 1
    with connect(broker, whole=True) as true:
        rows = recording.table
        until(lambda: true.recording.last >= recording.last)
        assert rows.equals(true.recording.table.loc[rows.index])


def test_a_plain_client_reads_and_commands_the_live_plant(broker: Broker, tmp_path: Path) -> None:
    """Another MQTT client, with protobuf of Google and Tahu's schema; the gateway is killed."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "millwright_labs.link.app", "run", "furnace_zone"),
            *("--port", "0", "--speed", "20", "--keys", tmp_path),
        ],
        env=os.environ | {"MILLWRIGHT_MQTT": f"mqtt://{USER}:{PASSWORD}@{broker.address}"},
        stdout=subprocess.DEVNULL,
    )

    def tahu(data: bytes) -> object:
        payload = TAHU()
        payload.ParseFromString(data)
        return payload

    try:
        with Listener(broker.port, "spBv1.0/+/+/furnace_zone/#") as listener:
            until(lambda: listener.of("DDATA"), 60.0)
            rebirth = encode(
                Payload(metrics=[Metric("Node Control/Rebirth", True, DataType.BOOLEAN)])
            )
            listener.client.publish("spBv1.0/millwright/NCMD/furnace_zone", rebirth)
            until(lambda: listener.of("NBIRTH") and listener.of("DBIRTH"))
            node, device = tahu(listener.of("NBIRTH")[-1]), tahu(listener.of("DBIRTH")[-1])
            assert (node.seq, device.seq) == (0, 1)
            alias = {metric.name: metric.alias for metric in device.metrics}
            assert all(metric.timestamp and metric.datatype for metric in device.metrics)
            command = TAHU()
            command.metrics.add(name="Inputs/Q1", datatype=10, double_value=250.0)
            listener.client.publish(
                "spBv1.0/millwright/DCMD/furnace_zone/furnace_zone", command.SerializeToString()
            )

            def values(name: str) -> list[float]:
                return [
                    metric.double_value
                    for data in listener.of("DDATA")
                    for metric in tahu(data).metrics
                    if metric.alias == alias[name]
                ]

            # As applied: the heater takes no more than 100 %.
            until(lambda: 100.0 in values("Inputs/Q1"))
            until(lambda: values("Outputs/T1")[-1] > values("Outputs/T1")[0] + 2.0)
            assert not listener.of("NDEATH")
            process.send_signal(signal.SIGKILL)
            until(lambda: listener.of("NDEATH"), 30.0)
            (bdseq,) = [m.long_value for m in tahu(listener.of("NDEATH")[-1]).metrics]
            assert bdseq == next(m.long_value for m in node.metrics if m.name == "bdSeq")
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(shutil.which("mosquitto_sub") is None, reason="no mosquitto-clients")
def test_mosquitto_sub_reads_the_live_machine(broker: Broker, motor: Published) -> None:
    host, port = broker.address.split(":")
    topic = f"spBv1.0/{GROUP}/DDATA/dc_motor/dc_motor"
    lines = subprocess.run(
        [
            *("mosquitto_sub", "-h", host, "-p", port, "-u", USER, "-P", PASSWORD),
            *("-t", topic, "-C", "5", "-W", "20", "-F", "%t %x"),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert len(lines) == 5
    for line in lines:
        name, data = line.split()
        payload = TAHU()
        payload.ParseFromString(bytes.fromhex(data))
        assert name == topic
        assert any(metric.HasField("double_value") for metric in payload.metrics)


def dcmd(*metrics: Metric) -> tuple[str, bytes]:
    return f"spBv1.0/{GROUP}/DCMD/dc_motor/dc_motor", encode(Payload(metrics=list(metrics)))


def double(name: str, value: float | None) -> Metric:
    return Metric(name, value, DataType.DOUBLE)


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ([double("Inputs/U", 1.0)], "no input 'U'"),
        ([double("Inputs/V", None)], "must be a number in V"),
        ([double("Inputs/V", math.nan)], "must be a number in V"),
        ([Metric("Inputs/V", "full", DataType.STRING)], "must be a number in V"),
        ([double("Faults/rust", 0.1)], "no fault 'rust'"),
        ([double("Faults/friction_growth", 1.5)], "from 0"),
        ([double("Inputs/V", 1.0), double("Faults/friction_growth", 0.1)], "either Inputs/"),
        ([double("Outputs/speed", 1.0)], "either Inputs/"),
        ([], "either Inputs/"),
    ],
)
def test_a_command_that_makes_no_sense_is_answered(
    broker: Broker, motor: Published, metrics: list[Metric], words: str
) -> None:
    key = f"key {words} {metrics!r}"
    with connect(broker) as plant, Listener(broker.port, f"spBv1.0/{GROUP}/DDATA/#") as listener:
        plant.write(V=2.0)
        listener.client.publish(*dcmd(*metrics, Metric("Command/Id", key, DataType.STRING)))

        def answers() -> list[str]:
            found = []
            for data in listener.of("DDATA"):
                values = [metric.value for metric in decode(data).metrics]
                if key in values:
                    found.append(str(values[3]))
            return found

        until(answers)
        assert words in answers()[0]
        assert plant.wait(0.1)["V"].iloc[-1] == 2.0


def test_a_command_sent_twice_is_taken_once(broker: Broker, motor: Published) -> None:
    with connect(broker) as plant, Listener(broker.port, f"spBv1.0/{GROUP}/DDATA/#") as listener:
        again = dcmd(double("Inputs/V", 3.0), Metric("Command/Id", "again", DataType.STRING))
        listener.client.publish(*again)
        until(lambda: plant.recording.table["V"].iloc[-1] == 3.0)
        plant.write(V=1.0)
        listener.client.publish(*again)
        until(lambda: sum(b"again" in data for data in listener.of("DDATA")) == 2)
        assert (plant.wait(0.2)["V"].tail(10) == 1.0).all()


def test_garbage_is_ignored_and_counted(broker: Broker, motor: Published) -> None:
    data = f"spBv1.0/{GROUP}/DDATA/dc_motor/dc_motor"
    birth = f"spBv1.0/{GROUP}/DBIRTH/dc_motor/dc_motor"
    nonsense = [
        (data, b"\xff" * 100),
        (data, b"{}"),
        (data.replace("DDATA", "XDATA"), b""),
        (birth, b"not a birth"),
    ]
    with connect(broker) as plant, Listener(broker.port, "nothing") as sender:
        before = motor.gateway.ignored
        for topic, payload in nonsense:
            sender.client.publish(topic, payload)
        sender.client.publish(*dcmd()[:1], b"\x12\xff")
        sender.client.publish(f"spBv1.0/{GROUP}/NCMD/dc_motor", b"\x00")
        until(lambda: plant.ignored == len(nonsense))
        until(lambda: motor.gateway.ignored == before + 2)
        first = plant.recording.last
        # Well formed, but with a counter and contents of nobody: births put the link right.
        wild = Payload(1, 7, [Metric("Sample", 10**12, DataType.INT64), double("Inputs/V", 9.0)])
        nonsense.append((data, encode(wild)))
        sender.client.publish(data, encode(wild))
        plant.wait(1.0)
        assert plant.recording.gaps()[1:] == []
        assert plant.recording.last > first
        assert 9.0 not in plant.recording.table["V"].tolist()


def test_a_machine_that_is_started_anew_ends_the_recording(broker: Broker) -> None:
    with Published(broker.address, "quarter_car", 1.0), connect(broker, "quarter_car") as plant:
        plant.wait(0.1)
        recorded = len(plant.recording)
        # Another one of the same name, as when the first had crashed.
        with (
            Published(broker.address, "quarter_car", 1.0),
            pytest.raises(LinkError, match="started anew"),
        ):
            plant.wait(60.0)
        assert len(plant.recording) >= recorded


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_a_wrong_password_is_refused_at_both_ends(broker: Broker, motor: Published) -> None:
    address = f"mqtt://{broker.address}/dc_motor"
    for user, password in ((USER, "wrong"), ("stranger", PASSWORD), (USER, ""), ("", "")):
        with pytest.raises(TrustError, match="Check user and password"):
            MqttLink(address, user, password)
    with pytest.raises(TrustError, match="Check user and password"):
        Published(f"mqtt://{USER}:wrong@{broker.address}", "dc_motor", 1.0)


def test_a_broker_that_is_not_there_is_said_at_once(broker: Broker) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    with pytest.raises(LinkError, match=f"No MQTT broker answers at mqtt://{nowhere}"):
        MqttLink(f"mqtt://{nowhere}/dc_motor", USER, PASSWORD)
    with pytest.raises(LinkError, match="No MQTT broker answers"):
        Published(nowhere, "dc_motor", 1.0)
    with pytest.raises(LinkError, match="Choose another port"):
        Broker(USERS, broker.port)


def test_a_machine_that_is_not_there_is_said(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millwright_labs.link.mqtt.BIRTH_SECONDS", 1.0)
    with pytest.raises(LinkError, match="No machine 'battery' answers"):
        connect(broker, "battery")


@pytest.mark.parametrize(
    "text", ["http://host/x", "mqtt://", "mqtt://host:port/x", "mqtt://h:99999/x", "mqtt://h/a/b",
             "mqtt://h/a%2Bb", "mqtt://h/x?y", ""],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(LinkError, match=r"no MQTT address|cannot name a machine"):
        Address.parse(text)


def test_the_machine_must_be_named(broker: Broker) -> None:
    with pytest.raises(LinkError, match="Name the machine"):
        connect(broker, "")


def test_the_password_is_not_shown() -> None:
    address = Address.parse("mqtts://me:se%2Fcret@host/pump")
    assert (address.port, address.password, address.tls) == (8883, "se/cret", True)
    assert "cret" not in f"{address!r} {address}"


def test_over_tls_the_broker_must_be_trusted(tmp_path: Path) -> None:
    certificate, other = (self_signed(tmp_path, name) for name in ("ours", "other"))
    with Broker(USERS, certificate=certificate) as broker:
        address = f"mqtts://{broker.address}"
        ca = Address.parse(address, USER, PASSWORD, certificate[0])
        with (
            Published(ca, "dc_motor", SPEED),
            MqttLink(f"{address}/dc_motor", USER, PASSWORD, certificate[0]) as plant,
        ):
            assert len(plant.wait(0.1)) >= 10
        for untrusted in (other[0], None):
            with pytest.raises(TrustError, match="cannot be trusted"):
                MqttLink(f"{address}/dc_motor", USER, PASSWORD, untrusted)
        with pytest.raises(LinkError, match=r"(?i)no MQTT broker"):
            MqttLink(f"mqtt://{broker.address}/dc_motor", USER, PASSWORD)


def self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
