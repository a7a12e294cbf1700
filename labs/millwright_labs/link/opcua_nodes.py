"""Variables of an OPC UA server that say what they measure: unit, range, meaning, quality."""

# asyncua annotates OPC UA's integers and strings as classes of its own, and takes Python's.
# mypy: disable-error-code="arg-type"

from __future__ import annotations

import datetime as dt

from asyncua import Node, ua

from millwright_labs.plants.plant import Signal

#: Codes of UNECE Recommendation 20, which OPC UA refers to, by unit.
UNECE = {
    "1": "C62", "%": "P1", "V": "VLT", "A": "AMP", "N": "NEW", "kN": "B47", "MN": "B73",
    "N·m": "NU", "kN·m": "B48", "K": "KEL", "°C": "CEL", "m": "MTR", "mm": "MMT", "m/s": "MTS",
    "m/min": "2X", "m/s²": "MSK", "rad": "C81", "rad/s": "2A", "L/s": "G51", "m³/s": "MQS",
    "kPa": "KPA", "MPa": "MPA", "s": "SEC", "1/s": "C97", "W": "WTT", "J": "JOU", "mm/s": "C16",
    "mm/s²": "M41", "rad/s²": "2B",
}  # fmt: skip
UNECE_URI = "http://www.opcfoundation.org/UA/units/un/cefact"

GOOD, LOST = ua.StatusCode(ua.StatusCodes.Good), ua.StatusCode(ua.StatusCodes.BadNoData)


def measured(number: float, due: dt.datetime) -> ua.DataValue:
    """Return a value on the wire, with the time it was due; NaN is a lost one."""
    status = LOST if number != number else GOOD
    return ua.DataValue(ua.Variant(number, ua.VariantType.Double), status, due)


async def add_analog(
    parent: Node,
    nodeid: ua.NodeId | int,
    name: ua.QualifiedName | str,
    signal: Signal,
    value: float,
) -> Node:
    """Add a number with unit, range and meaning; identifier and name as asyncua takes them."""
    node = await parent.add_variable(nodeid, name, float(value))
    definition = ua.ObjectIds.HasTypeDefinition
    await node.delete_reference(ua.ObjectIds.BaseDataVariableType, definition)
    await node.add_reference(ua.NodeId(ua.ObjectIds.AnalogItemType), definition)
    await node.write_attribute(
        ua.AttributeIds.Description, ua.DataValue(ua.LocalizedText(signal.meaning))
    )
    # A new identifier in the number's own namespace; the names are OPC UA's.
    fresh = ua.NodeId(0, node.nodeid.NamespaceIndex)
    limits = ua.Range(signal.low, signal.high)
    await node.add_property(fresh, ua.QualifiedName("EURange"), limits)
    code = UNECE.get(signal.unit, "")
    await node.add_property(
        fresh,
        ua.QualifiedName("EngineeringUnits"),
        ua.EUInformation(
            UNECE_URI,
            int.from_bytes(code.encode()) if code else -1,
            ua.LocalizedText(signal.unit),
            ua.LocalizedText(signal.unit),
        ),
    )
    return node
