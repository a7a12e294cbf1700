"""The picture on each card: what a plant does when something characteristic is done to it.

Pictures are small SVG files, drawn from the code and the same byte for byte on every machine;
``python -m millwright_labs.plants labs/README.md`` writes them into ``figures/`` beside the cards.
They hold symbols and units and no words; their alternative text is made from the same numbers.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from millwright_labs.plants.plant import Plant
from millwright_labs.plants.rig import record

#: Where pictures lie, beside the file of the cards.
FOLDER = "figures"

#: Samples in a picture, and its size (inch): enough to see, little to load.
SAMPLES, SIZE = 121, (4.6, 1.9)

#: Values are rounded to this share of their range, below what can be seen, so that the last digits
#: of another machine's arithmetic do not make another file.
GRAIN = 1e-3


@dataclass(frozen=True)
class Response:
    """A test run: how long (s), what is done, which outputs (of one unit) are shown."""

    duration: float
    inputs: Mapping[str, float | Callable[[float], float]]
    outputs: tuple[str, ...]
    doing: str


def _pulse(value: float, start: float, end: float, rest: float = 0.0) -> Callable[[float], float]:
    return lambda t: value if start <= t < end else rest


#: By plant.
RESPONSES: dict[str, Response] = {
    "furnace_zone": Response(900.0, {"Q1": 60.0}, ("T1", "T2"), "Q1 = 60 %"),
    "incubator": Response(
        3600.0, {"heater": _pulse(1.0, 0, 1200)}, ("T_box",), "the heater is on for 1,200 s"
    ),
    "cnc_axis": Response(
        1.2,
        {"u": lambda t: 1.5 if t < 0.4 else -1.5 if t < 0.8 else 0.0},
        ("speed",),
        "u = 1.5 V, −1.5 V and 0 V for 0.4 s each",
    ),
    "mill_agc": Response(
        1.2, {"H": _pulse(3.1, 0.2, 2.0, 3.0)}, ("h", "h_gauge"), "H grows by 0.1 mm at 0.2 s"
    ),
    "dc_motor": Response(3.0, {"V": _pulse(6.0, 0, 1.5)}, ("speed",), "V = 6 V for 1.5 s"),
    "quarter_car": Response(
        3.0, {"z_road": _pulse(0.05, 0.2, 9)}, ("a_body",), "the road steps up by 5 cm at 0.2 s"
    ),
    "aircraft_pitch": Response(
        20.0, {"delta": _pulse(0.02, 0, 2)}, ("theta",), "delta = 0.02 rad for 2 s"
    ),
    "two_mass_drive": Response(
        0.06,
        {"T": _pulse(5.0, 0, 0.02)},
        ("speed_motor", "speed_table"),
        "T = 5 N·m for 20 ms",
    ),
    "hydraulic_axis": Response(
        0.5, {"valve": _pulse(0.3, 0.05, 0.3)}, ("p_A", "p_B"), "the valve opens by 30 % for 0.25 s"
    ),
    "battery": Response(
        3600.0, {"I": _pulse(0.85, 300, 2400)}, ("V",), "0.85 A are drawn from 300 s to 2,400 s"
    ),
    "car_cruise": Response(
        60.0, {"slope": _pulse(0.05, 5, 35)}, ("v",), "the road climbs by 0.05 rad for 30 s"
    ),
    "aircraft_mpc5": Response(
        20.0, {"u1": _pulse(1.0, 0, 2)}, ("y1", "y2"), "u1 = 1 for 2 s"
    ),
    "looper": Response(
        3.0, {"draw": _pulse(0.005, 0.2, 9)}, ("sigma",), "next stand 5 mm/s faster at 0.2 s"
    ),
    "mould_level": Response(
        30.0, {"bulging": _pulse(1.0, 2, 4)}, ("level",), "bulging disturbs the level for 2 s"
    ),
    "pump_wear": Response(
        60.0, {"p_discharge": _pulse(1000.0, 5, 30, 928.654)}, ("Q_out",),
        "the pressure behind the pump rises to 1,000 kPa for 25 s",
    ),
    "valve_wear": Response(
        16.0, {"u_bottom": _pulse(1.0, 0, 8), "u_top": _pulse(1.0, 8, 99)}, ("position",),
        "the valve is opened, and at 8 s closed",
    ),
}  # fmt: skip


def picture(name: str, alt: str) -> str:
    """Give the Markdown of a card's picture."""
    return f"![{alt}]({FOLDER}/{name}.svg)"


def write(folder: Path, pictures: Mapping[str, bytes]) -> None:
    """Write pictures, by name, into `FOLDER` in a folder."""
    (folder / FOLDER).mkdir(exist_ok=True)
    for name, svg in pictures.items():
        (folder / FOLDER / f"{name}.svg").write_bytes(svg)


def response(P: Plant) -> tuple[bytes, str]:
    """Draw a plant's response.

    Returns
    -------
    svg : bytes
    alt : str
        Alternative text, from the numbers.
    """
    t, lines, unit = _run(P)
    names = [f"${_symbol(name)}$" for name in lines]
    # With a legend the axis needs no symbols.
    label = f"{names[0] if len(names) == 1 else ''} {_in(unit)}".strip()
    return draw(t, list(lines.values()), names, "$t$ (s)", label), describe(P)


def describe(P: Plant) -> str:
    """Give the alternative text of a plant's picture."""
    t, lines, unit = _run(P)
    behind = "" if unit == "1" else f" {unit}"
    parts = [
        f"{name} goes from {_number(y[0])} to {_number(y[-1])}{behind}, "
        f"between {_number(y.min())} and {_number(y.max())}{behind}"
        for name, y in lines.items()
    ]
    return f"Line chart over {t[-1]:g} s: {RESPONSES[P.model.id].doing}; " + "; ".join(parts) + "."


def _run(P: Plant) -> tuple[np.ndarray, dict[str, np.ndarray], str]:
    run = RESPONSES[P.model.id]
    t = np.linspace(0.0, run.duration, SAMPLES)
    table = record(P, t, run.inputs, sensors=False)
    return t, {name: table[name].to_numpy() for name in run.outputs}, P.units[run.outputs[0]]


def draw(
    x: np.ndarray | list[np.ndarray],
    lines: Sequence[np.ndarray],
    names: Sequence[str],
    x_label: str,
    y_label: str,
) -> bytes:
    """Draw lines, as SVG with the same bytes each time.

    Parameters
    ----------
    x : ndarray, or a list of them
        One for all lines, or one each.
    lines : sequence of ndarray
    names : sequence of str
        For the legend; one name or none makes no legend.
    x_label, y_label : str
        Symbols and units.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from millwright_labs.figures import STYLE

    xs = list(x) if isinstance(x, list) else [x] * len(lines)
    settings: Any = {
        "svg.hashsalt": "millwright",
        "svg.fonttype": "none",
        "path.simplify_threshold": 0.3,
        "axes.xmargin": 0.0,
    }
    with mpl.style.context(STYLE), mpl.rc_context(settings):
        figure = Figure(figsize=SIZE)
        axes = figure.subplots()
        for across, up, name in zip(
            xs, lines, [*names, *[""] * (len(lines) - len(names))], strict=True
        ):
            axes.plot(_rounded(across), _rounded(up), label=name)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        if len(names) > 1:
            axes.legend()
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", buffer.getvalue(), flags=re.DOTALL)
    # A hundredth of a point is more than enough.
    text = re.sub(
        r' (?:d|x|y|transform)="[^"]*"',
        lambda found: re.sub(r"(\d+\.\d{2})\d+", r"\1", found.group()),
        text,
    )
    text = re.sub(r"font-family: [^;\"]*", "font-family: 'DejaVu Sans', sans-serif", text)
    return re.sub(r"\s*\n\s*", "\n", text).encode()


def _rounded(values: np.ndarray) -> np.ndarray:
    grain = GRAIN * max(float(np.ptp(values)), 1e-12)
    return np.round(np.asarray(values) / grain) * grain


def _symbol(name: str) -> str:
    head, _, index = name.partition("_")
    match = re.fullmatch(r"([A-Za-z]+?)(\d+)", head)
    if match and not index:
        head, index = match.groups()
    head = {"theta": r"\theta", "sigma": r"\sigma"}.get(head, head)
    head = head if len(head.lstrip("\\")) == 1 or head.startswith("\\") else rf"\mathrm{{{head}}}"
    return rf"{head}_{{\mathrm{{{index}}}}}" if index else head


def _in(unit: str) -> str:
    return "" if unit == "1" else f"({unit})"


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")
