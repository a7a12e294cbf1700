"""What a running station says of itself in the words of OPC UA's companion specifications.

OPC 40001-1 (Machinery) names the list of machines and the nameplate, OPC 40501-1 (Machine Tools)
what a machine tool reports of its work, OPC 40502 (CNC Systems) its axes. Names, namespaces, data
types and units here are theirs. Their object types are not here: no station has all that these
demand, such as a program or a list of tools. What a station does not know has no node.

```
Machines                     NodeId 1001 of Machinery, as clients expect it
  <station>
    Identification           Manufacturer, Model, SerialNumber, … of every station
    Monitoring/MachineTool   OperationMode, PowerOnDuration, FeedOverride
    Monitoring/Spindle       Name, IsRotating
    CncAxisList/X            IsVirtual, IsRotational, IsInactive, PosDirect: ActPos, CmdPos
```

They show the newest sample of each block that is published, with its time and quality.
"""

# asyncua annotates OPC UA's integers and strings as classes of its own, and takes Python's.
# mypy: disable-error-code="arg-type"

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from asyncua import Node, Server, ua

from millwright_labs.link.opcua_nodes import GOOD, add_analog, measured
from millwright_labs.link.station import Made, Station
from millwright_labs.link.stations import cnc_axis_drive, cnc_machining

MACHINERY = "http://opcfoundation.org/UA/Machinery/"
#: Whose names Machinery uses for nameplates.
DEVICES = "http://opcfoundation.org/UA/DI/"
MACHINE_TOOL = "http://opcfoundation.org/UA/MachineTool/"
CNC = "http://opcfoundation.org/UA/CNC"

#: Identifiers that the specifications give: the folder of all machines, and a data type.
MACHINES, MACHINE_OPERATION_MODE = 1001, 65

Tags = Mapping[str, float]


class MachineOperationMode(enum.IntEnum):
    """OPC 40501-1, 12.5."""

    Manual = 0
    Automatic = 1
    Setup = 2
    AutoWithManualIntervention = 3
    Service = 4
    Other = 5


@dataclass(frozen=True)
class State:
    """What follows from a sample: from its tags and its time (s)."""

    kind: ua.VariantType
    value: Callable[[Tags, float], Any]


#: A name as `namespace:name`, without one in our own.
_NAMESPACES = {"tool": MACHINE_TOOL, "cnc": CNC}

_MACHINE = "tool:Monitoring/tool:MachineTool/tool:"
_SPINDLE = "tool:Monitoring/Spindle/tool:"
_AXIS = "cnc:CncAxisList/X/cnc:"

_MODE, _HOURS = _MACHINE + "OperationMode", _MACHINE + "PowerOnDuration"


def _boolean(value: Callable[[Tags], bool]) -> State:
    return State(ua.VariantType.Boolean, lambda tags, _: value(tags))


def _monitoring(mode: Callable[[Tags], MachineOperationMode]) -> dict[str, State | str]:
    return {
        _MODE: State(ua.VariantType.Int32, lambda tags, _: int(mode(tags))),
        # Full hours of the machine's own time.
        _HOURS: State(ua.VariantType.UInt32, lambda _, t: int(t // 3600.0)),
    }


def _other(_: Tags) -> MachineOperationMode:
    # An axis on a bench has no switch for the mode.
    return MachineOperationMode.Other


def _by_phase(tags: Tags) -> MachineOperationMode:
    service = tags["phase"] == cnc_machining.SERVICE
    return MachineOperationMode.Setup if service else MachineOperationMode.Automatic


def _axis(**more: State | str) -> dict[str, State | str]:
    return {
        _AXIS + "IsVirtual": _boolean(lambda _: True),
        _AXIS + "IsRotational": _boolean(lambda _: False),
        _AXIS + "PosDirect/cnc:ActPos": "position",
        **{_AXIS + name: shown for name, shown in more.items()},
    }


#: What is shown, by station and path: a tag with its unit, or a state.
SHOWN: dict[str, dict[str, State | str]] = {
    "cnc_axis": {**_monitoring(_other), **_axis()},
    "cnc_axis_drive": {
        **_monitoring(_other),
        **_axis(
            IsInactive=_boolean(
                lambda tags: tags["mode"] < 0.5 or tags["alarm"] != cnc_axis_drive.SOUND
            ),
        ),
        _AXIS + "PosDirect/cnc:CmdPos": "set_point",
    },
    "cnc_machining": {
        **_monitoring(_by_phase),
        _MACHINE + "FeedOverride": "feed",
        _SPINDLE + "Name": State(ua.VariantType.String, lambda *_: "Spindle"),
        _SPINDLE + "IsRotating": _boolean(
            lambda tags: cnc_machining.AIR <= tags["phase"] <= cnc_machining.FINISHING
        ),
    },
}


class Companion:
    """The machine in the address space, and its values in the specifications' words.

    Parameters
    ----------
    server : Server
        Initialised.
    own : int
        Index of our own namespace.
    station : Station
    """

    def __init__(self, server: Server, own: int, station: Station):
        self._server, self._own, self._station = server, own, station
        self._tags: list[tuple[ua.NodeId, str]] = []
        self._states: list[tuple[ua.NodeId, State]] = []
        self._last: dict[ua.NodeId, Any] = {}

    async def add_machine(self, nodeid: ua.NodeId, uri: str, began: float) -> Node:
        """Add the list of machines and our machine with its nameplate.

        Parameters
        ----------
        nodeid : NodeId
            Of the machine.
        uri : str
            What the machine's own URI begins with.
        began : float
            When it was switched on, as `time.time` counts.
        """
        server, made = self._server, self._station.made
        devices = await server.register_namespace(DEVICES)
        machinery = await server.register_namespace(MACHINERY)
        machines = await server.nodes.objects.add_folder(
            ua.NodeId(MACHINES, machinery), ua.QualifiedName("Machines", machinery)
        )
        machine = await machines.add_object(nodeid, ua.QualifiedName(made.station, self._own))
        plate = await machine.add_object(
            ua.NodeId("Identification", self._own), ua.QualifiedName("Identification", devices)
        )
        # What Machinery tells machines by.
        await machine.delete_reference(plate, ua.ObjectIds.HasComponent)
        await machine.add_reference(plate, ua.ObjectIds.HasAddIn)
        switched_on = {"InitialOperationDate": dt.datetime.fromtimestamp(began, dt.UTC)}
        for namespace, entries in ((devices, _nameplate(made, uri)), (machinery, switched_on)):
            for name, value in entries.items():
                # Theirs are the names; their identifiers belong to nodes of their own.
                nodeid = ua.NodeId(f"Identification/{name}", self._own)
                await plate.add_property(nodeid, ua.QualifiedName(name, namespace), value)
        return machine

    async def add_values(self, machine: Node) -> None:
        """Add what the station can say of itself besides."""
        shown = SHOWN.get(self._station.made.station, {})
        known = {"": self._own}
        for prefix, uri in _NAMESPACES.items():
            if any(f"{prefix}:" in path for path in shown):
                known[prefix] = await self._server.register_namespace(uri)
        nodes = {"": machine}

        def named(path: str) -> tuple[ua.NodeId, ua.QualifiedName]:
            steps = [step.rpartition(":") for step in path.split("/")]
            prefix, _, name = steps[-1]
            plain = "/".join(name for _, _, name in steps)
            return ua.NodeId(plain, self._own), ua.QualifiedName(name, known[prefix])

        signals = {**self._station.inputs, **self._station.outputs}
        for path, what in shown.items():
            steps = path.split("/")
            for depth in range(1, len(steps)):
                above, here = "/".join(steps[: depth - 1]), "/".join(steps[:depth])
                if here not in nodes:
                    nodes[here] = await nodes[above].add_object(*named(here))
            parent = nodes["/".join(steps[:-1])]
            if isinstance(what, str):
                node = await add_analog(parent, *named(path), signals[what], 0.0)
                self._tags.append((node.nodeid, what))
                continue
            value = what.value(self._now(), 0.0)
            if path == _MODE:
                kind = await self._operation_mode(known["tool"])
                node = await parent.add_variable(*named(path), value, what.kind, kind)
            elif what.kind == ua.VariantType.String:
                node = await parent.add_property(*named(path), value, what.kind)
            else:
                node = await parent.add_variable(*named(path), value, what.kind)
            self._states.append((node.nodeid, what))
            self._last[node.nodeid] = value

    def _now(self) -> dict[str, float]:
        sample = self._station.sample()
        return {**sample.inputs, **sample.outputs}

    async def _operation_mode(self, namespace: int) -> ua.NodeId:
        enumeration = self._server.get_node(ua.ObjectIds.Enumeration)
        kind = await enumeration.add_data_type(
            ua.NodeId(MACHINE_OPERATION_MODE, namespace),
            ua.QualifiedName("MachineOperationMode", namespace),
        )
        values = [
            ua.EnumValueType(mode.value, ua.LocalizedText(mode.name), ua.LocalizedText())
            for mode in MachineOperationMode
        ]
        await kind.add_property(0, "EnumValues", values)
        return kind.nodeid

    async def show(self, row: list[float], t: float, due: dt.datetime) -> None:
        """Show a sample: inputs, then outputs, in the station's order."""
        if not self._states:
            return
        write, value = self._server.iserver.aspace.write_attribute_value, ua.AttributeIds.Value
        tags = dict(zip([*self._station.inputs, *self._station.outputs], row, strict=True))
        for nodeid, tag in self._tags:
            await write(nodeid, value, measured(tags[tag], due))
        for nodeid, state in self._states:
            now = state.value(tags, t)
            if now != self._last[nodeid]:
                self._last[nodeid] = now
                await write(nodeid, value, ua.DataValue(ua.Variant(now, state.kind), GOOD, due))


def _nameplate(made: Made, uri: str) -> dict[str, Any]:
    return {
        "Manufacturer": ua.LocalizedText("Millwright"),
        "Model": ua.LocalizedText(made.station),
        "SerialNumber": str(made.seed),
        "ProductInstanceUri": f"{uri}:{made.station}:{made.seed}",
        "DeviceClass": "virtual machine",
        "SoftwareRevision": metadata.version("millwright"),
    }
