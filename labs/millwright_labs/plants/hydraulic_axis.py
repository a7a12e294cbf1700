"""A hydraulic axis: servo valve, double-rod cylinder and load, as they set a roll gap.

The valve throttles oil from the pump into one chamber and out of the other. Oil is compressible,
so mass and oil column are a spring and a mass, with little damping: the axis' natural frequency
limits every loop around it.

Units are millimetres, megapascals and newtons, which fit together: 1 MPa on 1 mm² is 1 N.
The square root of the valve's law is made smooth below 0.05 MPa, and dry friction below 5 mm/s.
Beyond the stroke a stiff end stop pushes back.

Made for units A7, B4 and C5. Left out: the dynamics of pump and accumulator, hoses, the oil's
temperature, overlap and hysteresis of the valve.
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

STRUCTURE = "Merritt 1967, Hydraulic Control Systems, chapters 5 and 6"
OURS = "ours: representative"

#: mm³/s in one L/min, and mm/s² in one m/s².
LITRE_PER_MINUTE, MILLIMETRES = 1e6 / 60.0, 1000.0

#: Below this pressure difference (MPa) flow turns from turbulent to proportional.
LAMINAR = 0.05

#: Dry friction turns round over this speed (mm/s).
STICK_SPEED = 5.0

#: The end stop: stiffness (N/mm) and damping (N·s/mm).
STOP_STIFFNESS, STOP_DAMPING = 2e4, 50.0

#: At severity 1: leakage past the piston as a multiple of `leak_piston`, share of bulk modulus
#: and supply pressure lost, growth of null leakage, valve lag and dry friction.
SEAL_LEAK, AIR_LOSS, SUPPLY_LOSS = 50.0, 0.6, 0.4
EDGE_WEAR, LAG_GROWTH, FRICTION_GROWTH = 20.0, 4.0, 3.0


@dataclass(frozen=True)
class HydraulicAxis(Parameters):
    """Numbers of the axis."""

    m: float = parameter(500.0, "kg", OURS, "moved mass", minimum=POSITIVE)
    A: float = parameter(1000.0, "mm²", OURS, "area of the piston, both sides", minimum=POSITIVE)
    bulk: float = parameter(1400.0, "MPa", OURS, "effective bulk modulus", minimum=POSITIVE)
    stroke: float = parameter(200.0, "mm", OURS, "stroke", minimum=1.0)
    V_dead: float = parameter(
        50.0, "cm³", OURS, "volume between valve and cylinder, each side", minimum=0.1
    )
    p_supply: float = parameter(16.0, "MPa", OURS, "pressure of the pump", minimum=0.1)
    p_tank: float = parameter(0.2, "MPa", OURS, "pressure of the tank", minimum=0.0)
    Q_nominal: float = parameter(
        20.0, "L/min", OURS, "flow of the open valve at 3.5 MPa an edge", minimum=POSITIVE
    )
    valve_lag: float = parameter(
        0.003, "s", OURS, "time constant of the spool", minimum=1e-5, maximum=10.0
    )
    leak_null: float = parameter(
        600.0, "mm³/(s·MPa)", OURS, "leakage of each edge of the closed valve", minimum=0.0
    )
    leak_piston: float = parameter(
        300.0, "mm³/(s·MPa)", OURS, "leakage past the piston", minimum=0.0
    )
    b: float = parameter(2.0, "N·s/mm", OURS, "viscous friction", minimum=0.0)
    F_coulomb: float = parameter(300.0, "N", OURS, "dry friction", minimum=0.0)


#: Pressure drop (MPa) at which valves' nominal flow is given (Moog, 70 bar for two edges).
NOMINAL_DROP = 3.5


def _edge(drop: float) -> float:
    """Square root of a pressure drop over the nominal one, with its sign, smooth at zero."""
    return drop / math.sqrt(NOMINAL_DROP * math.sqrt(drop * drop + LAMINAR * LAMINAR))


def _flows(x: Sequence[float], p: Any, f: Any) -> tuple[float, float, float]:
    """Flow (mm³/s) into chamber A, into chamber B, and past the piston from A to B."""
    p_A, p_B, spool = x[2], x[3], x[4]
    supply = p.p_supply * (1.0 - SUPPLY_LOSS * f.pump_wear)
    open_valve = p.Q_nominal * LITRE_PER_MINUTE * spool
    if spool > 0.0:
        to_A = open_valve * _edge(supply - p_A)
        to_B = -open_valve * _edge(p_B - p.p_tank)
    else:
        to_A = open_valve * _edge(p_A - p.p_tank)
        to_B = -open_valve * _edge(supply - p_B)
    null = p.leak_null * (1.0 + EDGE_WEAR * f.valve_wear)
    to_A += null * (supply + p.p_tank - 2.0 * p_A)
    to_B += null * (supply + p.p_tank - 2.0 * p_B)
    past = p.leak_piston * (1.0 + SEAL_LEAK * f.seal_wear) * (p_A - p_B)
    return to_A, to_B, past


def _friction(x: Sequence[float], p: Any, f: Any) -> float:
    """Force (N) of seals and guides, and of the end stop, against the motion."""
    position, speed = x[0], x[1]
    dry = p.F_coulomb * (1.0 + FRICTION_GROWTH * f.friction_growth)
    force = dry * math.tanh(speed / STICK_SPEED) + p.b * speed
    over = abs(position) - 0.5 * p.stroke
    if over > 0.0:
        side = 1.0 if position > 0.0 else -1.0
        # The stop pushes, and never pulls when the piston leaves it.
        force += side * max(0.0, STOP_STIFFNESS * over + STOP_DAMPING * side * speed)
    return force


def _volumes(x: Sequence[float], p: Any) -> tuple[float, float]:
    """Volumes (mm³) of the chambers with their lines."""
    dead, half = 1000.0 * p.V_dead, 0.5 * p.stroke
    return dead + p.A * (half + x[0]), dead + p.A * (half - x[0])


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    speed = x[1]
    to_A, to_B, past = _flows(x, p, f)
    V_A, V_B = _volumes(x, p)
    bulk = p.bulk * (1.0 - AIR_LOSS * f.air_in_oil)
    force = p.A * (x[2] - x[3]) - _friction(x, p, f) - 1000.0 * u[1]
    return (
        speed,
        MILLIMETRES * force / p.m,
        bulk / V_A * (to_A - past - p.A * speed),
        bulk / V_B * (to_B + past + p.A * speed),
        (u[0] - x[4]) / (p.valve_lag * (1.0 + LAG_GROWTH * f.valve_sticking)),
    )


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[0], x[2], x[3])


def _rest(p: HydraulicAxis) -> tuple[Sequence[float], Sequence[float]]:
    middle = 0.5 * (p.p_supply + p.p_tank)
    return [0.0, 0.0, middle, middle, 0.0], [0.0, 0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    V_A, V_B = _volumes(x, p)
    V = min(V_A, V_B)
    stiff = p.bulk / V
    opening = max(abs(x[4]), min(abs(u[0]), 1.0))
    supply = p.p_supply * (1.0 - SUPPLY_LOSS * f.pump_wear)
    drop = min(abs(supply - x[2]), abs(supply - x[3]), abs(x[2] - p.p_tank), abs(x[3] - p.p_tank))
    # Flow by pressure of the edges, steep where a chamber nears the supply or the tank.
    slope = p.Q_nominal * LITRE_PER_MINUTE * opening / math.sqrt(NOMINAL_DROP * (drop + LAMINAR))
    leaks = p.leak_null * (1.0 + EDGE_WEAR * f.valve_wear) * 2.0 + 2.0 * p.leak_piston * (
        1.0 + SEAL_LEAK * f.seal_wear
    )
    dry = p.F_coulomb * (1.0 + FRICTION_GROWTH * f.friction_growth) / STICK_SPEED
    stop, stop_damping = 0.0, 0.0
    if abs(x[0]) + 0.01 * abs(x[1]) > 0.5 * p.stroke:
        stop, stop_damping = STOP_STIFFNESS, STOP_DAMPING
    spring = math.sqrt(MILLIMETRES * (2.0 * p.A * p.A * stiff + stop) / p.m)
    damping = MILLIMETRES * (p.b + dry + stop_damping) / p.m
    return min(0.3 / (spring + damping + stiff * (slope + leaks)), 0.3 * p.valve_lag)


MODEL = Model(
    id="hydraulic_axis",
    title="Hydraulic axis",
    industry="steel (gap cylinder), aviation (actuator)",
    equations=r"""
$$m\,\dot v = A\,(p_A - p_B) - F_c \tanh\frac{v}{v_s} - b\,v - F_\mathrm{stop} - F_\mathrm{load},
\qquad \dot s = v$$

$$\frac{V_A}{E}\,\dot p_A = Q_A - Q_l - A\,v, \qquad
\frac{V_B}{E}\,\dot p_B = Q_B + Q_l + A\,v$$

$$Q_A = Q_N\,y\,\sqrt{\frac{\Delta p_A}{3.5\ \mathrm{MPa}}} + G_0\,(p_S + p_T - 2 p_A), \qquad
\tau\,\dot y = y_\mathrm{ref} - y$$

with $s$ = `position`, $v$ = `speed`, $y$ = `spool`, $y_\mathrm{ref}$ = `valve`, $E$ = `bulk`,
$\Delta p_A = p_S - p_A$ for $y > 0$ and $p_A - p_T$ for $y < 0$ ($Q_B$ alike, the other way),
$Q_l = G_l\,(p_A - p_B)$, $G_0$ = `leak_null`, $G_l$ = `leak_piston`,
$V_{A,B} = V_\mathrm{dead} + A\,(\tfrac12 \ell \pm s)$, $\ell$ = `stroke`.
""".strip(),
    inputs=(
        Signal("valve", "1", "command to the servo valve", -1.0, 1.0),
        Signal("F_load", "kN", "load against the motion (disturbance)", -10.0, 10.0),
    ),
    states=(
        Signal("position", "mm", "position of the piston from the middle"),
        Signal("speed", "mm/s", "speed of the piston"),
        Signal("p_A", "MPa", "pressure that pushes forward"),
        Signal("p_B", "MPa", "pressure that pushes back"),
        Signal("spool", "1", "opening of the valve"),
    ),
    outputs=(
        Signal("position", "mm", "position of the piston from the middle", -100.0, 100.0),
        Signal("p_A", "MPa", "pressure that pushes forward", 0.0, 25.0),
        Signal("p_B", "MPa", "pressure that pushes back", 0.0, 25.0),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason=(
        "0.3 of a bound on the shortest time constant of oil column, friction, edges and end "
        "stop at the present state, at most 0.3 of the valve's lag (0.9 ms at rest)"
    ),
    faults=(
        Fault("seal_wear", "leakage past the piston 51 times as large"),
        Fault("air_in_oil", "bulk modulus 60 % lower"),
        Fault("pump_wear", "supply pressure 40 % lower"),
        Fault("valve_wear", "leakage of the closed valve's edges 21 times as large"),
        Fault("valve_sticking", "spool five times as slow"),
        Fault("friction_growth", "dry friction four times as high"),
    ),
    sensors={
        "position": Sensor(
            noise=0.001, step=0.001, bias=0.05, drift=0.02, source="ours: magnetostrictive, 1 µm"
        ),
        "p_A": Sensor(noise=0.01, step=0.005, low=0.0, high=25.0, bias=0.5, drift=0.2, source=OURS),
        "p_B": Sensor(noise=0.01, step=0.005, low=0.0, high=25.0, bias=0.5, drift=0.2, source=OURS),
    },
    sources=(STRUCTURE, "all numbers are ours: representative, not of a certain axis"),
    running_states=("position",),
)


def hydraulic_axis(
    parameters: HydraulicAxis | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the axis: inputs valve (1), F_load (kN); outputs position (mm), p_A, p_B (MPa).

    With the default numbers the oil column and the mass have a natural frequency of 30.7 Hz in
    mid-stroke, and the open valve moves the free piston at 479 mm/s.

    Parameters
    ----------
    parameters : HydraulicAxis, optional
        Default: representative numbers of ours.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.

    Source: structure after Merritt 1967; the numbers are representative.
    """
    return Plant(MODEL, parameters or HydraulicAxis(), faults, name)
