"""A heated, insulated box: a small furnace, a battery box, or an incubator for a digital twin.

A fan moves the air past an electric heater. Only the air is measured, so the heater's
temperature has to be estimated.

Made for units B1, B3 and B5. Left out: the heat capacity of walls and content, differences of
temperature within the air, the lag of the thermometer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from millwright_labs.plants.plant import (
    POSITIVE,
    Fault,
    Model,
    Parameters,
    Plant,
    Severity,
    Signal,
    parameter,
)
from millwright_labs.plants.sensors import Sensor

INCUBATOR = (
    "INTO-CPS-Association/example_digital-twin_incubator, "
    "four-parameter model calibrated on 1 May 2023"
)
LID = (
    "INTO-CPS-Association/example_digital-twin_incubator, "
    "seven-parameter model, fitted conductance of the open lid"
)


@dataclass(frozen=True)
class Incubator(Parameters):
    """Numbers of the box."""

    C_air: float = parameter(
        267.55929458, "J/K", INCUBATOR, "heat capacity of air and box", minimum=POSITIVE
    )
    G_box: float = parameter(
        0.5763498, "W/K", INCUBATOR, "conductance from box to room", minimum=POSITIVE
    )
    C_heater: float = parameter(
        329.25376821, "J/K", INCUBATOR, "heat capacity of the heater", minimum=POSITIVE
    )
    G_heater: float = parameter(
        1.67053237, "W/K", INCUBATOR, "conductance from heater to air", minimum=POSITIVE
    )
    V_heater: float = parameter(
        12.15579391, "V", INCUBATOR, "voltage of the heater", minimum=0.0, maximum=1e3
    )
    I_heater: float = parameter(
        1.53551347, "A", INCUBATOR, "current of the heater", minimum=0.0, maximum=1e3
    )
    G_lid: float = parameter(
        15.0, "W/K", LID, "conductance that the open lid adds to G_box", minimum=0.0, maximum=1e3
    )


#: Room and box at rest, as in the repository's simulations (°C).
ROOM = 21.0


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    T_heater, T_air = x
    heater, T_room = u
    P_heater = p.V_heater * p.I_heater * heater * (1.0 - f.heater_wear)
    to_air = p.G_heater * (1.0 - 0.8 * f.fan_wear) * (T_heater - T_air)
    to_room = (p.G_box + p.G_lid * f.lid_open) * (T_air - T_room)
    return ((P_heater - to_air) / p.C_heater, (to_air - to_room) / p.C_air)


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[1],)


def _rest(p: Incubator) -> tuple[Sequence[float], Sequence[float]]:
    return [ROOM, ROOM], [0.0, ROOM]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    air = (p.G_heater + p.G_box + p.G_lid) / p.C_air
    return 0.2 / (air + p.G_heater / p.C_heater)


MODEL = Model(
    id="incubator",
    title="Incubator",
    industry="automobile (battery box), steel (furnace twin)",
    equations=r"""
$$C_\mathrm{heater}\,\dot T_\mathrm{heater} = V I\,u_\mathrm{heater} - \dot Q$$

$$C_\mathrm{air}\,\dot T_\mathrm{air} = \dot Q -
G_\mathrm{box}\,(T_\mathrm{air} - T_\mathrm{room})$$

$$\dot Q = G_\mathrm{heater}\,(T_\mathrm{heater} - T_\mathrm{air}), \qquad
T_\mathrm{box} = T_\mathrm{air}$$

with $\dot Q$ the heat flow into the air, $u_\mathrm{heater}$ = `heater`,
$V$ = `V_heater`, $I$ = `I_heater`.
""".strip(),
    inputs=(
        Signal("heater", "1", "share of time that the heater is on", 0.0, 1.0),
        Signal("T_room", "°C", "room temperature (disturbance)", -20.0, 50.0),
    ),
    states=(
        Signal("T_heater", "°C", "temperature of the heater"),
        Signal("T_air", "°C", "temperature of the air in the box"),
    ),
    outputs=(Signal("T_box", "°C", "thermometer in the box", -20.0, 70.0),),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason="a fifth of the shortest time constant that the open lid can give (3 s)",
    faults=(
        Fault("lid_open", "lid fully open: G_lid (15 W/K, 26 times G_box) added to G_box"),
        Fault("heater_wear", "heater gives no heat (0.3: 30 % less)"),
        Fault("fan_wear", "fan at a fifth: G_heater falls by 80 %"),
    ),
    sensors={
        "T_box": Sensor(
            noise=0.25,
            step=0.0625,
            low=-55.0,
            high=125.0,
            bias=2.0,
            drift=2.0,
            source=(
                "DS18B20 data sheet: 12-bit step 0.0625 °C, range; noise variance 0.0625 K² "
                "representative (air moved by the fan)"
            ),
        )
    },
    sources=(INCUBATOR,),
)


def incubator(
    parameters: Incubator | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the incubator: inputs heater (0 to 1) and T_room (°C), output T_box (°C).

    With the default numbers: time constants 79 s and 1153 s, 1.735 K/W, 18.67 W.

    Parameters
    ----------
    parameters : Incubator, optional
        Default: the calibrated numbers.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.

    Source: INTO-CPS-Association/example_digital-twin_incubator.
    """
    return Plant(MODEL, parameters or Incubator(), faults, name)
