"""A plain OPC UA client, which knows nothing of Millwright, works with a live plant."""

import asyncio
import itertools
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from millwright_labs import link
from served import Served


def ask(plant: Served, work: Callable[[Client], Coroutine[Any, Any, Any]]) -> Any:
    """Log in as any client does, and do some work."""

    async def connected() -> Any:
        client = Client(plant.address)
        client.application_uri = plant.keys.uri("client")
        client.set_user("learner")
        client.set_password(plant.keys.password)
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            plant.keys.certificate("client"),
            plant.keys.key("client"),
            server_certificate=str(plant.keys.certificate("server")),
        )
        async with client:
            return await work(client)

    return asyncio.run(connected())


async def child(client: Client, *names: str) -> Any:
    ns = await client.get_namespace_index("urn:millwright:plant")
    machinery = await client.get_namespace_index("http://opcfoundation.org/UA/Machinery/")
    path = [f"{ns}:{name}" for name in ("furnace_zone", *names)]
    return await client.nodes.objects.get_child([f"{machinery}:Machines", *path])


def test_the_machine_is_browsed_by_name(plant: Served) -> None:
    async def browse(client: Client) -> dict[str, Any]:
        machine = await child(client)
        found = {}
        for part in await machine.get_children():
            entries = await part.get_children()
            name = (await part.read_browse_name()).Name
            found[name] = [(await each.read_browse_name()).Name for each in entries]
        return found

    found = ask(plant, browse)
    assert found["Inputs"] == ["Q1", "Q2"]
    assert found["Outputs"] == ["T1", "T2"]
    assert {"Manufacturer", "Model", "SerialNumber"} <= set(found["Identification"])
    # No machine tool: nothing of one is there.
    assert not {"Monitoring", "CncAxisList"} & set(found)
    assert {"Write", "SetFault", "History", "Block", "Run"} <= set(found)


def test_tags_have_unit_range_and_meaning(plant: Served) -> None:
    async def read(client: Client) -> tuple[Any, ...]:
        ns = "0:"
        Q1 = await child(client, "Inputs", "Q1")
        T1 = await child(client, "Outputs", "T1")
        return (
            await (await Q1.get_child(ns + "EURange")).read_value(),
            await (await T1.get_child(ns + "EngineeringUnits")).read_value(),
            await T1.read_type_definition(),
            (await T1.read_description()).Text,
        )

    limits, unit, kind, meaning = ask(plant, read)
    assert (limits.Low, limits.High) == (0.0, 100.0)
    # UNECE common code CEL, as OPC 10000-8 packs it.
    assert (unit.UnitId, unit.DisplayName.Text) == (4408652, "°C")
    assert kind == ua.NodeId(ua.ObjectIds.AnalogItemType)
    assert meaning


def test_a_subscriber_gets_every_sample_with_the_time_it_was_due(plant: Served) -> None:
    async def subscribe(client: Client) -> list[ua.DataValue]:
        values: list[ua.DataValue] = []
        enough = asyncio.Event()

        class Handler:
            def datachange_notification(self, node: Any, value: float, data: Any) -> None:
                values.append(data.monitored_item.Value)
                if len(values) > 100:
                    enough.set()

        subscription = await client.create_subscription(50, Handler())
        changes = ua.DataChangeFilter(ua.DataChangeTrigger.StatusValueTimestamp)
        await subscription._subscribe(
            await child(client, "Outputs", "T1"), ua.AttributeIds.Value, changes, 1000
        )
        await asyncio.wait_for(enough.wait(), 60)
        return values

    # The first is whatever was there.
    values = ask(plant, subscribe)[1:]
    assert all(value.StatusCode.is_good() for value in values)
    times = [value.SourceTimestamp.timestamp() for value in values]
    steps = [b - a for a, b in itertools.pairwise(times)]
    assert steps == pytest.approx([0.01] * len(steps), abs=1e-5)


def test_a_lost_sample_is_bad(plant: Served) -> None:
    async def lose(client: Client) -> list[ua.DataValue]:
        machine = await child(client)
        ns = machine.nodeid.NamespaceIndex
        T2, read = await child(client, "Outputs", "T2"), []
        for severity in (1.0, 0.0):
            await machine.call_method(f"{ns}:SetFault", ["T2_dropout"], [severity])
            before = (await T2.read_data_value(raise_on_bad_status=False)).SourceTimestamp
            while True:
                value = await T2.read_data_value(raise_on_bad_status=False)
                if (value.SourceTimestamp - before).total_seconds() > 0.5:
                    break
                await asyncio.sleep(0.02)
            read.append(value)
        return read

    lost, found = ask(plant, lose)
    assert lost.StatusCode.is_bad()
    assert lost.Value.Value is None
    assert found.StatusCode.is_good()


def test_inputs_are_written_and_clipped(plant: Served) -> None:
    async def write(client: Client) -> list[float]:
        Q1, Q2 = [await child(client, "Inputs", name) for name in ("Q1", "Q2")]
        await Q1.write_value(250.0)
        await Q2.write_value(-3.0)
        return [await Q1.read_value(), await Q2.read_value()]

    assert ask(plant, write) == [100.0, 0.0]


REFUSED = {
    "a text": ("Inputs", "Q1", ua.Variant("full")),
    "an integer": ("Inputs", "Q1", ua.Variant(3, ua.VariantType.Int32)),
    "no number": ("Inputs", "Q1", ua.Variant(float("nan"), ua.VariantType.Double)),
    "nothing": ("Inputs", "Q1", ua.Variant(None, ua.VariantType.Null)),
    "an output": ("Outputs", "T1", ua.Variant(1.0, ua.VariantType.Double)),
    "a fault": ("Faults", "heater_wear", ua.Variant(1.0, ua.VariantType.Double)),
    "the run": ("Run", None, ua.Variant("mine")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_write_is_refused(plant: Served, what: str) -> None:
    *path, value = REFUSED[what]

    async def write(client: Client) -> tuple[Any, Any]:
        node = await child(client, *filter(None, path))
        Q1 = await child(client, "Inputs", "Q1")
        before = await Q1.read_value()
        with pytest.raises(ua.UaStatusCodeError):
            await node.write_value(value)
        return before, await Q1.read_value()

    before, after = ask(plant, write)
    assert before == after


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("Write", (["Q1"], [float("nan")])),
        ("Write", (["Q9"], [1.0])),
        ("Write", (["Q1", "Q2"], [1.0])),
        ("Write", ("Q1", 1.0)),
        ("Write", ()),
        ("SetFault", (["rust"], [0.5])),
        ("SetFault", (["heater_wear"], [1.5])),
        ("SetFault", (["heater_wear"], ["much"])),
        ("History", ("first", 1)),
        ("History", (-1, 1)),
    ],
)
def test_a_wrong_call_is_refused(plant: Served, method: str, arguments: tuple) -> None:
    async def call(client: Client) -> None:
        machine = await child(client)
        with pytest.raises((ua.UaStatusCodeError, ua.UaError)):
            await machine.call_method(f"{machine.nodeid.NamespaceIndex}:{method}", *arguments)

    ask(plant, call)


def test_older_samples_are_fetched_by_number(plant: Served) -> None:
    async def fetch(client: Client) -> Any:
        machine = await child(client)
        return await machine.call_method(
            f"{machine.nodeid.NamespaceIndex}:History",
            ua.Variant(0, ua.VariantType.UInt64),
            ua.Variant(3, ua.VariantType.UInt32),
        )

    first, values, faults = ask(plant, fetch)
    here = link.start("furnace_zone", seed=4, over="here")
    here.wait(2.0)
    assert first == 0
    assert values == here.recording.table.to_numpy().ravel().tolist()
    assert json.loads(faults) == []
