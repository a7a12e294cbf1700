"""A lithium-ion cell as a circuit: open-circuit voltage, resistance and two slow RC pairs.

The published circuit is that of a small polymer cell; `capacity` makes it larger or smaller of
the same kind (resistances fall and capacitances grow with it). Its numbers change with the state
of charge; below 2 % the resistances and capacitances, and below empty the open-circuit voltage,
are held at their last value, because the published fit does not reach further.

A single heat capacity gives the cell's temperature. Severities as functions of time are how the
cell ages: `faults={"capacity_fade": lambda t: t / life}`.

Made for unit B6. Left out: the dependence of resistance on temperature, hysteresis of the
open-circuit voltage, different resistances for charge and discharge, reversible heat.
"""

import math
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

CIRCUIT = "Chen & Rincón-Mora 2006, IEEE Trans. Energy Conversion 21(2):504"
OURS = "ours: representative"

#: The capacity (A·h) of the published cell, to which its resistances belong.
PUBLISHED_CAPACITY = 0.85

SECONDS_PER_HOUR = 3600.0

#: Below this state of charge the circuit's elements keep their value.
LOWEST_CHARGE = 0.02

#: At severity 1: share of capacity lost, growth of all resistances, share of cooling lost, and
#: current of an internal short (multiples of the capacity in an hour: 0.1 empties it in 10 h).
FADE, RESISTANCE_GROWTH, COOLING_LOSS, SHORT = 0.3, 1.0, 0.8, 0.1


@dataclass(frozen=True)
class Battery(Parameters):
    """Numbers of the cell; the circuit's own are in the equations."""

    capacity: float = parameter(
        PUBLISHED_CAPACITY, "A·h", CIRCUIT, "charge of the full, new cell", minimum=1e-3
    )
    soc_rest: float = parameter(
        1.0, "1", "ours: full", "state of charge at the start", minimum=0.0, maximum=1.0
    )
    C_cell: float = parameter(
        20.0, "J/K", "ours: 20 g at 1 J/(g·K)", "heat capacity of the cell", minimum=POSITIVE
    )
    G_cell: float = parameter(
        0.05, "W/K", OURS, "conductance to the surroundings", minimum=POSITIVE
    )


#: Temperature of cell and room at rest (°C).
ROOM = 21.0


def open_circuit_voltage(soc: float) -> float:
    """Open-circuit voltage (V) at a state of charge (1: full)."""
    s = soc if soc > 0.0 else 0.0
    return -1.031 * math.exp(-35.0 * s) + 3.685 + s * (0.2156 + s * (-0.1178 + s * 0.3201))


def circuit(soc: float) -> tuple[float, float, float, float, float]:
    """Give the published cell's elements at a state of charge.

    Parameters
    ----------
    soc : float
        State of charge (1: full).

    Returns
    -------
    R_series, R_short, C_short, R_long, C_long : float
        Resistances (Ω) and capacitances (F) of the 0.85 A·h cell.
    """
    s = soc if soc > LOWEST_CHARGE else LOWEST_CHARGE
    return (
        0.1562 * math.exp(-24.37 * s) + 0.07446,
        0.3208 * math.exp(-29.14 * s) + 0.04669,
        703.6 - 752.9 * math.exp(-13.51 * s),
        6.603 * math.exp(-155.2 * s) + 0.04984,
        4475.0 - 6056.0 * math.exp(-27.12 * s),
    )


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    soc, V_short, V_long, T = x[0], x[1], x[2], x[3]
    current = u[0]
    R_series, R_short, C_short, R_long, C_long = circuit(soc)
    size = p.capacity / PUBLISHED_CAPACITY
    worn = (1.0 + RESISTANCE_GROWTH * f.resistance_growth) / size
    drain = SHORT * f.internal_short * p.capacity
    through_short = V_short / (R_short * worn)
    through_long = V_long / (R_long * worn)
    heat = (
        R_series * worn * current * current
        + V_short * through_short
        + V_long * through_long
        + drain * open_circuit_voltage(soc)
    )
    G = p.G_cell * (1.0 - COOLING_LOSS * f.cooling_loss)
    return (
        -(current + drain) / (SECONDS_PER_HOUR * p.capacity * (1.0 - FADE * f.capacity_fade)),
        (current - through_short) / (C_short * size),
        (current - through_long) / (C_long * size),
        (heat - G * (T - u[1])) / p.C_cell,
    )


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    R_series = circuit(x[0])[0] * PUBLISHED_CAPACITY / p.capacity
    R_series = R_series * (1.0 + RESISTANCE_GROWTH * f.resistance_growth)
    return (open_circuit_voltage(x[0]) - x[1] - x[2] - R_series * u[0], x[3])


def _rest(p: Battery) -> tuple[Sequence[float], Sequence[float]]:
    return [p.soc_rest, 0.0, 0.0, ROOM], [0.0, ROOM]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    return min(2.0, 0.2 * p.C_cell / p.G_cell)


MODEL = Model(
    id="battery",
    title="Battery cell",
    industry="automobile",
    equations=r"""
$$V = V_\mathrm{oc}(z) - V_s - V_l - R_0(z)\,I, \qquad \dot z = -\frac{I}{3600\,Q}$$

$$C_i(z)\,\dot V_i = I - \frac{V_i}{R_i(z)}, \qquad i = s,\ l$$

$$C_T\,\dot T = R_0 I^2 + \frac{V_s^2}{R_s} + \frac{V_l^2}{R_l} - G\,(T - T_\mathrm{room})$$

$$V_\mathrm{oc} = 3.685 + 0.2156\,z - 0.1178\,z^2 + 0.3201\,z^3 - 1.031\,e^{-35 z}$$

$$R_0 = 0.07446 + 0.1562\,e^{-24.37 z}, \quad R_s = 0.04669 + 0.3208\,e^{-29.14 z}, \quad
R_l = 0.04984 + 6.603\,e^{-155.2 z}$$

$$C_s = 703.6 - 752.9\,e^{-13.51 z}, \qquad C_l = 4475 - 6056\,e^{-27.12 z}$$

in V, Ω and F for 0.85 A·h; with $z$ = `soc`, $V_s$, $V_l$ = `V_short`, `V_long`,
$Q$ = `capacity`, $C_T$ = `C_cell`, $G$ = `G_cell`.
""".strip(),
    inputs=(
        Signal("I", "A", "current out of the cell; charging is negative", -1.7, 3.4),
        Signal("T_room", "°C", "temperature around the cell (disturbance)", -20.0, 50.0),
    ),
    states=(
        Signal("soc", "1", "state of charge (1: full)"),
        Signal("V_short", "V", "voltage of the fast RC pair"),
        Signal("V_long", "V", "voltage of the slow RC pair"),
        Signal("T_cell", "°C", "temperature of the cell"),
    ),
    outputs=(
        Signal("V", "V", "voltage at the terminals", 2.5, 4.3),
        Signal("T_cell", "°C", "temperature of the cell", -20.0, 60.0),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason="2 s, a fifteenth of the fast RC pair's time constant (30 s)",
    faults=(
        Fault("capacity_fade", "capacity 30 % lower (end of life for NASA's cells)"),
        Fault("resistance_growth", "all resistances doubled"),
        Fault("internal_short", "the cell drains itself in 10 hours"),
        Fault("cooling_loss", "conductance to the surroundings 80 % lower"),
    ),
    sensors={
        "V": Sensor(noise=0.002, step=0.001, low=0.0, high=5.0, bias=0.02, drift=0.01, source=OURS),
        "T_cell": Sensor(noise=0.1, step=0.1, bias=2.0, drift=1.0, source=OURS),
    },
    sources=(CIRCUIT, "heat, limits, sensors and fault sizes are ours"),
    running_states=("soc",),
)


def battery(
    parameters: Battery | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the cell: inputs I (A), T_room (°C); outputs V (V) and T_cell (°C).

    Full, the cell has 4.103 V and the time constants 33 s and 223 s.

    Parameters
    ----------
    parameters : Battery, optional
        Default: the published cell, full. ``Battery(capacity=2.0)`` is of the size of the cells
        that NASA aged.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.

    Source: Chen & Rincón-Mora 2006, IEEE Trans. Energy Conversion 21(2):504.
    """
    return Plant(MODEL, parameters or Battery(), faults, name)
