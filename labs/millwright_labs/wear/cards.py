"""Cards of the wear models, generated from the code as those of the plants are.

``python -m millwright_labs.wear labs/README.md`` writes them between two markers of that file.
"""

import inspect
import sys

from millwright_labs.plants.card_figures import picture
from millwright_labs.plants.cards import between, number, parameter_table, table, variant_table
from millwright_labs.plants.plant import Parameters
from millwright_labs.wear import hydraulic_rig
from millwright_labs.wear.bearing_vibration import BEARINGS, Bearing, Housing
from millwright_labs.wear.card_figures import PICTURES
from millwright_labs.wear.hydraulic_rig import HydraulicRig
from millwright_labs.wear.paris_crack import MATERIALS, Crack
from millwright_labs.wear.tool_wear import ToolWear
from millwright_labs.wear.turbofan_fleet import SENSORS, Turbofan

BEGIN = "<!-- wear cards: begin -->"
END = "<!-- wear cards: end -->"


def with_cards(text: str) -> str:
    """Give `text` with all cards between its two markers."""
    sensors = table(
        ("sensor", "unit", "meaning", "level", "change", "noise", "spread", "spread of change"),
        [
            (
                f"`{s.name}`",
                s.unit,
                s.meaning,
                *map(number, (s.level, s.change, s.noise, s.spread, s.change_spread)),
            )
            for s in SENSORS
        ],
    )
    orders = table(
        ("bearing", *Bearing().orders()),
        [
            (name, *(f"{order:.4f}" for order in bearing.orders().values()))
            for name, bearing in BEARINGS.items()
        ],
    )
    rig = table(
        ("sensor", "unit", "meaning", "noise"),
        [
            (f"`{name}`", unit, meaning, number(noise))
            for name, unit, noise, meaning in hydraulic_rig.SENSORS
        ],
    )
    cards = (
        _card(
            Bearing(),
            *variant_table(Bearing(), BEARINGS),
            "Fault frequencies in multiples of the shaft's:",
            orders,
            "The housing and what else it hears:",
            parameter_table(Housing()),
        ),
        _card(
            Turbofan(),
            "Sensors, with numbers fitted to C-MAPSS FD001; spreads are between engines:",
            sensors,
        ),
        _card(Crack(), *variant_table(Crack(), MATERIALS)),
        _card(HydraulicRig(), "Sensors, with the standard deviation of their noise:", rig),
        _card(ToolWear()),
    )
    return between(text, BEGIN, END, "\n".join(cards))


def _card(p: Parameters, *more: str) -> str:
    module = sys.modules[type(p).__module__]
    name = module.__name__.rpartition(".")[2]
    parts = [
        f"### {module.TITLE}: `{name}`",
        f"Industry: {module.INDUSTRY}.",
        inspect.getdoc(module) or "",
        picture(name, PICTURES[name]()[1]),
        module.EQUATIONS,
        "**Parameters**",
        parameter_table(p),
        *more,
    ]
    return "\n\n".join(parts) + "\n"
