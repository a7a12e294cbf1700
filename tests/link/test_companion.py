"""A client that knows the companion specifications, and nothing of Millwright, finds its way."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from asyncua import Client, Node, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from millwright_labs import link
from millwright_labs.link.certificates import Keys
from millwright_labs.link.opcua_server import OpcUaServer
from millwright_labs.link.running import Running

DI = "http://opcfoundation.org/UA/DI/"
MACHINERY = "http://opcfoundation.org/UA/Machinery/"
MACHINE_TOOL = "http://opcfoundation.org/UA/MachineTool/"
CNC = "http://opcfoundation.org/UA/CNC"
OWN = "urn:millwright:plant"


class Shop:
    """A client's view of one machine."""

    def __init__(self, client: Client, running: Running):
        self.client, self.running = client, running

    async def machine(self) -> Node:
        """Find the only machine as OPC 40001-1 says: by a known identifier, and its nameplate."""
        ns = await self.client.get_namespace_index(MACHINERY)
        folder = self.client.get_node(f"ns={ns};i=1001")
        assert await folder.read_browse_name() == ua.QualifiedName("Machines", ns)
        (parent,) = await folder.get_referenced_nodes(
            ua.ObjectIds.Organizes, ua.BrowseDirection.Inverse
        )
        assert parent == self.client.nodes.objects
        machine: Node
        (machine,) = await folder.get_children(ua.ObjectIds.Organizes)
        return machine

    async def named(self, node: Node, *path: tuple[str, str]) -> Node:
        names = [f"{await self.client.get_namespace_index(uri)}:{name}" for uri, name in path]
        return await node.get_child(names)

    async def read(self, *path: tuple[str, str]) -> Any:
        return await (await self.named(await self.machine(), *path)).read_value()

    async def advance(self, count: int) -> None:
        """Let samples pass, as they do in a machine that runs."""
        running = self.running
        await running._advance(running.last + count)


Visit = Callable[[str, Callable[[Shop], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """Serve stations whose time passes when asked, and log in over the network."""
    keys, shops = Keys(tmp_path_factory.mktemp("keys")), {}
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()

        async def enter(station: str) -> Shop:
            running = Running(link.make_station(link.Made(station, seed=4)))
            server = await stack.enter_async_context(OpcUaServer(running, keys, port=0))
            client = Client(server.address)
            client.application_uri = keys.uri("client")
            client.set_user("learner")
            client.set_password(keys.password)
            await client.set_security(
                SecurityPolicyBasic256Sha256,
                keys.certificate("client"),
                keys.key("client"),
                server_certificate=str(keys.certificate("server")),
            )
            await stack.enter_async_context(client)
            return Shop(client, running)

        def visit(station: str, work: Callable[[Shop], Coroutine[Any, Any, Any]]) -> Any:
            if station not in shops:
                shops[station] = runner.run(enter(station))
            return runner.run(work(shops[station]))

        yield visit
        runner.run(stack.aclose())


def test_the_list_of_machines_leads_to_a_nameplate(visit: Visit) -> None:
    async def look(shop: Shop) -> dict[tuple[str, str], Any]:
        machine = await shop.machine()
        (plate,) = await machine.get_children(ua.ObjectIds.HasAddIn)
        names = await shop.client.get_namespace_array()
        found: dict[tuple[str, str], Any] = {}
        for entry in [plate, *await plate.get_properties()]:
            name = await entry.read_browse_name()
            key = (names[name.NamespaceIndex], str(name.Name))
            found[key] = None if entry == plate else await entry.read_value()
        return found

    found = visit("cnc_axis", look)
    assert (DI, "Identification") in found
    assert found[DI, "Manufacturer"].Text == "Millwright"
    assert found[DI, "Model"].Text == "cnc_axis"
    assert found[DI, "SerialNumber"] == "4"
    assert found[DI, "ProductInstanceUri"] == "urn:millwright:plant:cnc_axis:4"
    # Nobody shall take it for a real one.
    assert found[DI, "DeviceClass"] == "virtual machine"
    assert found[DI, "SoftwareRevision"][0].isdigit()
    switched_on = found[MACHINERY, "InitialOperationDate"].replace(tzinfo=dt.UTC)
    age = dt.datetime.now(dt.UTC) - switched_on
    assert dt.timedelta() <= age < dt.timedelta(hours=1)


def test_the_position_of_an_axis_has_a_unit_and_is_the_one_that_is_measured(visit: Visit) -> None:
    path = ((CNC, "CncAxisList"), (OWN, "X"), (CNC, "PosDirect"), (CNC, "ActPos"))

    async def look(shop: Shop) -> None:
        machine = await shop.machine()
        position = await shop.named(machine, *path)
        unit = await (await position.get_child("0:EngineeringUnits")).read_value()
        # UNECE common code MMT, as OPC 10000-8 packs it.
        assert unit.NamespaceUri == "http://www.opcfoundation.org/UA/units/un/cefact"
        assert (unit.UnitId, unit.DisplayName.Text) == (5066068, "mm")
        limits = await (await position.get_child("0:EURange")).read_value()
        assert (limits.Low, limits.High) == (-250.0, 250.0)
        output = await shop.named(machine, (OWN, "Outputs"), (OWN, "position"))
        shop.running.write(u=3.0)
        seen = set()
        for _ in range(3):
            await shop.advance(200)
            one, other = await position.read_data_value(), await output.read_data_value()
            assert (one.Value, one.SourceTimestamp) == (other.Value, other.SourceTimestamp)
            seen.add(await position.read_value())
        assert len(seen) == 3
        assert await shop.read(*path[:2], (CNC, "IsVirtual")) is True
        assert await shop.read(*path[:2], (CNC, "IsRotational")) is False

    visit("cnc_axis", look)


def test_a_lost_position_is_bad_here_too(visit: Visit) -> None:
    async def look(shop: Shop) -> None:
        path = ((CNC, "CncAxisList"), (OWN, "X"), (CNC, "PosDirect"), (CNC, "ActPos"))
        position = await shop.named(await shop.machine(), *path)
        shop.running.fault(position_dropout=1.0)
        await shop.advance(5)
        with pytest.raises(ua.uaerrors.BadNoData):
            await position.read_value()
        shop.running.fault(position_dropout=0.0)
        await shop.advance(5)
        await position.read_value()

    visit("cnc_axis", look)


def test_a_subscriber_sees_the_axis_move(visit: Visit) -> None:
    async def look(shop: Shop) -> list[float]:
        path = ((CNC, "CncAxisList"), (OWN, "X"), (CNC, "PosDirect"), (CNC, "ActPos"))
        values: asyncio.Queue[float] = asyncio.Queue()

        class Handler:
            def datachange_notification(self, node: Node, value: float, data: Any) -> None:
                values.put_nowait(value)

        subscription = await shop.client.create_subscription(20, Handler())
        await subscription.subscribe_data_change(await shop.named(await shop.machine(), *path))
        seen = [await asyncio.wait_for(values.get(), 30)]
        shop.running.write(u=3.0)
        for _ in range(3):
            await shop.advance(100)
            seen.append(await asyncio.wait_for(values.get(), 30))
        await subscription.delete()
        return seen

    seen = visit("cnc_axis", look)
    assert seen == sorted(set(seen))


def test_a_drive_shows_its_set_point_and_whether_it_is_on(visit: Visit) -> None:
    async def look(shop: Shop) -> None:
        axis = ((CNC, "CncAxisList"), (OWN, "X"))
        await shop.advance(1)
        assert await shop.read(*axis, (CNC, "IsInactive")) is True
        shop.running.write(mode=2.0, target=20.0)
        await shop.advance(500)
        assert await shop.read(*axis, (CNC, "IsInactive")) is False
        commanded = await shop.read(*axis, (CNC, "PosDirect"), (CNC, "CmdPos"))
        assert commanded == shop.running.station.sample().outputs["set_point"] != 0.0

    visit("cnc_axis_drive", look)


def test_a_machine_tool_tells_mode_hours_override_and_spindle(visit: Visit) -> None:
    machine = ((MACHINE_TOOL, "Monitoring"), (MACHINE_TOOL, "MachineTool"))
    spindle = ((MACHINE_TOOL, "Monitoring"), (OWN, "Spindle"))

    async def look(shop: Shop) -> None:
        mode = await shop.named(await shop.machine(), *machine, (MACHINE_TOOL, "OperationMode"))
        ns = await shop.client.get_namespace_index(MACHINE_TOOL)
        kind = shop.client.get_node(await mode.read_data_type())
        assert await kind.read_browse_name() == ua.QualifiedName("MachineOperationMode", ns)
        values = await (await kind.get_child("0:EnumValues")).read_value()
        words = {value.Value: value.DisplayName.Text for value in values}
        hours = (*machine, (MACHINE_TOOL, "PowerOnDuration"))
        rotating = (*spindle, (MACHINE_TOOL, "IsRotating"))

        assert words[await mode.read_value()] == "Automatic"
        assert await shop.read(*hours) == 0
        assert await shop.read(*spindle, (MACHINE_TOOL, "Name")) == "Spindle"
        assert await shop.read(*rotating) is False
        shop.running.write(order=1.0, feed=80.0)
        await shop.advance(4)
        assert await shop.read(*rotating) is True
        override = await shop.named(await shop.machine(), *machine, (MACHINE_TOOL, "FeedOverride"))
        assert await override.read_value() == 80.0
        unit = await (await override.get_child("0:EngineeringUnits")).read_value()
        assert unit.DisplayName.Text == "%"
        shop.running.write(order=0.0)
        await shop.advance(200)
        shop.running.write(order=3.0)
        await shop.advance(4)
        assert words[await mode.read_value()] == "Setup"
        assert await shop.read(*rotating) is False
        while shop.running.last < 7200:
            await shop.advance(1000)
        assert await shop.read(*hours) == 1

    visit("cnc_machining", look)


@pytest.mark.parametrize("station", ["cnc_axis", "cnc_axis_drive", "cnc_machining"])
def test_no_node_of_a_specification_is_dead(visit: Visit, station: str) -> None:
    """Each has a value, changes for nobody who writes, and no object is empty."""

    async def look(shop: Shop) -> int:
        client, count = shop.client, 0
        await shop.advance(1)
        own = await client.get_namespace_index(OWN)
        theirs = [await client.get_namespace_index(uri) for uri in (MACHINE_TOOL, DI)]
        if station != "cnc_machining":
            theirs.append(await client.get_namespace_index(CNC))
        waiting = [await shop.machine()]
        while waiting:
            node = waiting.pop()
            children = await node.get_children()
            waiting += children
            if (await node.read_browse_name()).NamespaceIndex not in theirs:
                continue
            count += 1
            # Identifiers in their namespaces are given away already, to nodes of their own.
            assert node.nodeid.NamespaceIndex == own
            if await node.read_node_class() == ua.NodeClass.Object:
                assert children
                continue
            value = await node.read_value()
            assert value is not None
            with pytest.raises(ua.UaStatusCodeError):
                await node.write_value(value)
        return count

    assert visit(station, look) > 8
