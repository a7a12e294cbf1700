"""Cards of plants, generated from the code, so that a card never tells of another machine.

``python -m millwright_labs.plants labs/README.md`` writes the cards of all plants between the two
markers of that file.
"""

import inspect
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields

from millwright_labs.plants.card_figures import RESPONSES, describe, picture
from millwright_labs.plants.plant import POSITIVE, Parameters, Plant
from millwright_labs.plants.sensors import Sensor

BEGIN = "<!-- plant cards: begin -->"
END = "<!-- plant cards: end -->"


def card(P: Plant) -> str:
    """Give a plant's card in Markdown: picture, equations, signals, numbers, faults, sources."""
    model, p = P.model, P.parameters
    about = inspect.getdoc(sys.modules[model.rhs.__module__]) or ""
    parts = [
        f"### {model.title}: `{model.id}`",
        f"Industry: {model.industry}.",
        about,
        *_picture(P),
        model.equations,
        "**Signals**",
        table(
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
        parameter_table(p),
    ]
    parts += variant_table(p, model.variants)
    parts += [
        "**Faults**",
        table(
            ("fault", "severity 1"),
            [(f"`{f.name}`", f.severity_1) for f in (*model.faults, *model.sensor_faults)],
        ),
        "**Sensors**",
        table(
            ("output", "noise (standard deviation)", "step", "dead time", "range", "source"),
            [_sensor_row(P, name, model.sensors.get(name)) for name in P.output_labels],
        ),
        f"Step of `Rig`: {model.step_reason}.",
        "Sources: " + "; ".join(model.sources) + ".",
    ]
    return "\n\n".join(parts) + "\n"


def _picture(P: Plant) -> list[str]:
    """Give the picture of the plant's response; there is one of the default machine only."""
    model = P.model
    if model.id not in RESPONSES or P.parameters != type(P.parameters)() or P.faults:
        return []
    return [picture(model.id, describe(P))]


def with_cards(text: str, plants: Iterable[Plant]) -> str:
    """Give `text` with all cards between its two markers."""
    return between(text, BEGIN, END, "\n".join(card(P) for P in plants))


def between(text: str, begin: str, end: str, cards: str) -> str:
    """Give `text` with `cards` between the lines `begin` and `end`."""
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"The text lacks the lines {begin} and {end}. Add them where cards go.")
    return before + begin + "\n\n" + cards + "\n" + end + after


def parameter_table(p: Parameters) -> str:
    """Give the table of parameters with value, unit, meaning, limits and source."""
    return table(
        ("parameter", "value", "unit", "meaning", "allowed", "source"),
        [
            (
                f"`{entry.name}`",
                number(getattr(p, entry.name)),
                entry.metadata["unit"],
                entry.metadata["meaning"],
                _allowed(entry.metadata["minimum"], entry.metadata["maximum"]),
                entry.metadata["source"],
            )
            for entry in fields(p)
        ],
    )


def variant_table(p: Parameters, variants: Mapping[str, Parameters]) -> list[str]:
    """Give heading and table of the other machines' numbers, where they differ from `p`."""
    others = {name: other for name, other in variants.items() if other != p}
    if not others:
        return []
    return [
        "Other numbers, where they differ:",
        table(
            ("parameter", *others),
            [
                (f"`{entry.name}`", *(number(v) for v in values))
                for entry in fields(p)
                if (values := [getattr(other, entry.name) for other in others.values()])
                and any(v != getattr(p, entry.name) for v in values)
            ],
        ),
    ]


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


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Give a Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _range(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return ""
    return f"{number(low)} to {number(high)}"


def _allowed(low: float, high: float) -> str:
    least = "> 0" if low == POSITIVE else "" if math.isinf(low) else f"≥ {number(low)}"
    most = "" if math.isinf(high) else f"≤ {number(high)}"
    return ", ".join(filter(None, (least, most)))


def _with_unit(value: float, unit: str) -> str:
    return number(value) if unit == "1" else f"{number(value)} {unit}"


def number(value: float) -> str:
    """Give a number as cards print it."""
    return f"{value:.6g}".replace("-", "−")
