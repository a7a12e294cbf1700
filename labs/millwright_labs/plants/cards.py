"""Cards of plants, generated from the code, so that a card never tells of another machine.

``python -m millwright_labs.plants labs/README.md`` writes the cards of all plants between the two
markers of that file.
"""

import inspect
import math
import sys
from collections.abc import Iterable
from dataclasses import fields

from millwright_labs.plants.plant import POSITIVE, Plant
from millwright_labs.plants.sensors import Sensor

BEGIN = "<!-- plant cards: begin -->"
END = "<!-- plant cards: end -->"


def card(P: Plant) -> str:
    """Give a plant's card in Markdown: equations, signals, numbers, faults, sensors, sources."""
    model, p = P.model, P.parameters
    about = inspect.getdoc(sys.modules[model.rhs.__module__]) or ""
    parts = [
        f"### {model.title}: `{model.id}`",
        f"Industry: {model.industry}.",
        about,
        model.equations,
        "**Signals**",
        _table(
            ("signal", "kind", "unit", "meaning", "limits"),
            [
                (f"`{s.name}`", kind, s.unit, s.meaning, _range(s.low, s.high))
                for kind, signals in (
                    ("input", model.inputs),
                    ("state", model.states),
                    ("output", model.outputs),
                )
                for s in signals
            ],
        ),
        "An input's limits are its actuator's; an output's are what is safe. At rest: "
        + ", ".join(
            f"{name} = {_with_unit(value, P.units[name])}"
            for name, value in zip(P.input_labels, P.u0.tolist(), strict=True)
        )
        + ".",
        "**Parameters**",
        _table(
            ("parameter", "value", "unit", "meaning", "allowed", "source"),
            [
                (
                    f"`{entry.name}`",
                    _number(getattr(p, entry.name)),
                    entry.metadata["unit"],
                    entry.metadata["meaning"],
                    _allowed(entry.metadata["minimum"], entry.metadata["maximum"]),
                    entry.metadata["source"],
                )
                for entry in fields(p)
            ],
        ),
    ]
    others = {name: other for name, other in model.variants.items() if other != p}
    if others:
        parts += [
            "Other numbers, where they differ:",
            _table(
                ("parameter", *others),
                [
                    (f"`{entry.name}`", *(_number(v) for v in values))
                    for entry in fields(p)
                    if (values := [getattr(other, entry.name) for other in others.values()])
                    and any(v != getattr(p, entry.name) for v in values)
                ],
            ),
        ]
    parts += [
        "**Faults**",
        _table(
            ("fault", "severity 1"),
            [(f"`{f.name}`", f.severity_1) for f in (*model.faults, *model.sensor_faults)],
        ),
        "**Sensors**",
        _table(
            ("output", "noise (standard deviation)", "step", "dead time", "range", "source"),
            [_sensor_row(P, name, model.sensors.get(name)) for name in P.output_labels],
        ),
        f"Step of `Rig`: {model.step_reason}.",
        "Sources: " + "; ".join(model.sources) + ".",
    ]
    return "\n\n".join(parts) + "\n"


def with_cards(text: str, plants: Iterable[Plant]) -> str:
    """Give `text` with all cards between its two markers."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"The text lacks the lines {BEGIN} and {END}. Add them where cards go.")
    return before + BEGIN + "\n\n" + "\n".join(card(P) for P in plants) + "\n" + END + after


def _sensor_row(P: Plant, name: str, sensor: Sensor | None) -> tuple[str, ...]:
    if sensor is None:
        return (f"`{name}`", "not measured", "", "", "", "")
    unit = P.units[name]
    travel = [f"`{t.distance}` / `{t.speed}`" for t in P.model.transports if t.output == name]
    delay = [_with_unit(sensor.delay, "s")] if sensor.delay or not travel else []
    return (
        f"`{name}`",
        _with_unit(sensor.noise, unit),
        _with_unit(sensor.step, unit),
        " + ".join(travel + delay),
        _range(sensor.low, sensor.high),
        sensor.source,
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _range(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return ""
    return f"{_number(low)} to {_number(high)}"


def _allowed(low: float, high: float) -> str:
    least = "> 0" if low == POSITIVE else "" if math.isinf(low) else f"≥ {_number(low)}"
    most = "" if math.isinf(high) else f"≤ {_number(high)}"
    return ", ".join(filter(None, (least, most)))


def _with_unit(value: float, unit: str) -> str:
    return _number(value) if unit == "1" else f"{_number(value)} {unit}"


def _number(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")
