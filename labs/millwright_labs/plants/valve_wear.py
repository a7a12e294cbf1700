"""A pneumatic valve for bleed air or propellant: gas moves a piston against a spring.

Gas let in below the piston opens the valve, gas let in above and the spring close it. Both
chambers leak a little to the outside. With wear, leaks grow, the spring weakens and the piston
drags, and each of these shows in how long the valve takes to open and to close.

Equations and numbers are those of Daigle & Goebel. At its ends the piston meets a stiff, damped
seat instead of stopping in no time, so closed it stands 0.4 mm deep in its seat. Flow of gas turns
proportional where pressures differ by less than 1 %. Severity 1 of a leak and of the spring is the
source's limit.

Made for units C4 and C8. Left out: heat of the gas (its temperature stays), waves in the pipes,
friction at standstill, wear that goes on by itself (give severities as functions of time).
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

VALVE = "Daigle & Goebel 2011, Int. J. Progn. Health Manag. 2(2), as in NASA progpy"
OURS = "ours: representative"

#: Stiffness (N/mm) of the seats, and damping for each newton of it (s/mm; Hunt & Crossley 1975).
SEAT_STIFFNESS, SEAT_DAMPING = 3e4, 0.002

#: Relative difference of pressures below which gas flows in proportion to it.
LAMINAR = 0.01

#: mm²/m², g/kg and mm/m; Pa in a MPa.
SQUARE, MILLI, PASCAL = 1e6, 1000.0, 1e6

#: At severity 1: areas of the leaks (mm²), share of the spring's stiffness lost (the source's
#: limits), growth of friction.
PORT_LEAK, PISTON_LEAK, SPRING_LOSS, FRICTION_GROWTH = 40.0, 1.7, 0.1771, 9.0


@dataclass(frozen=True)
class ValveWear(Parameters):
    """Numbers of valve and gas (nitrogen)."""

    m: float = parameter(50.0, "kg", VALVE, "mass of plug and piston", minimum=POSITIVE)
    k: float = parameter(48.0, "N/mm", VALVE, "stiffness of the spring", minimum=POSITIVE)
    r: float = parameter(6.0, "N·s/mm", VALVE, "friction of the piston", minimum=0.0)
    offset: float = parameter(254.0, "mm", VALVE, "compression of the spring, closed", minimum=0.0)
    stroke: float = parameter(38.1, "mm", VALVE, "stroke", minimum=1.0)
    A_piston: float = parameter(8107.32, "mm²", VALVE, "area of the piston", minimum=POSITIVE)
    A_plug: float = parameter(50670.7, "mm²", VALVE, "area of the plug", minimum=0.0)
    V_bottom: float = parameter(810.732, "cm³", VALVE, "least volume below", minimum=POSITIVE)
    V_top: float = parameter(810.732, "cm³", VALVE, "least volume above", minimum=POSITIVE)
    p_supply: float = parameter(5.27242, "MPa", VALVE, "pressure of the supply", minimum=0.2)
    p_room: float = parameter(0.101325, "MPa", VALVE, "pressure outside", minimum=POSITIVE)
    A_port: float = parameter(10.0, "mm²", VALVE, "area of each port's orifice", minimum=POSITIVE)
    C_port: float = parameter(0.62, "1", VALVE, "discharge of the orifice", minimum=POSITIVE)
    A_leak: float = parameter(10.0, "mm²", VALVE, "leak of each chamber, new", minimum=0.0)
    T_gas: float = parameter(293.0, "K", VALVE, "temperature of the gas", minimum=100.0)
    R_gas: float = parameter(296.8226, "J/(kg·K)", VALVE, "gas constant", minimum=POSITIVE)
    kappa: float = parameter(1.4, "1", VALVE, "ratio of heats", minimum=1.01, maximum=1.7)
    C_v: float = parameter(0.435889, "1", VALVE, "discharge of the open valve", minimum=0.0)
    rho: float = parameter(70.99, "kg/m³", VALVE, "density of the fluid", minimum=POSITIVE)


#: Acceleration of gravity (m/s²), as in the source.
GRAVITY = 9.81


def _gas_flow(p_1: float, p_2: float, area: float, p: Any) -> float:
    """Flow (g/s) of gas from pressure `p_1` to `p_2` (MPa) through an area (mm²)."""
    high, low, sign = (p_1, p_2, 1.0) if p_1 >= p_2 else (p_2, p_1, -1.0)
    if high <= 0.0:
        return 0.0
    kappa = p.kappa
    ratio = low / high
    critical = (2.0 / (kappa + 1.0)) ** (kappa / (kappa - 1.0))
    if ratio < critical:
        ratio = critical
    slope = 1.0
    if ratio > 1.0 - LAMINAR:
        slope = (1.0 - ratio) / LAMINAR
        ratio = 1.0 - LAMINAR
    expansion = ratio ** (2.0 / kappa) - ratio ** ((kappa + 1.0) / kappa)
    speed = math.sqrt(2.0 * kappa / (kappa - 1.0) * expansion / (p.R_gas * p.T_gas))
    return sign * slope * MILLI * area / SQUARE * high * PASCAL * speed


def _pressures(x: Sequence[float], p: Any) -> tuple[float, float]:
    """Pressures (MPa) below and above the piston."""
    bottom = 1000.0 * p.V_bottom + p.A_piston * x[0]
    top = 1000.0 * p.V_top + p.A_piston * (p.stroke - x[0])
    # A gram in a cubic millimetre is 1e6 kg/m³, and gives MPa without a factor.
    gas = p.R_gas * p.T_gas
    return x[2] * gas / bottom, x[3] * gas / top


def _seat(position: float, speed: float, p: Any) -> float:
    """Force (N) of the seats, up; they push and never pull."""
    if position < 0.0:
        return -SEAT_STIFFNESS * position * max(0.0, 1.0 - SEAT_DAMPING * speed)
    over = position - p.stroke
    if over > 0.0:
        return -SEAT_STIFFNESS * over * max(0.0, 1.0 + SEAT_DAMPING * speed)
    return 0.0


def _masses(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> tuple[float, float]:
    """Flows (g/s) of gas into the chambers below and above."""
    p_bottom, p_top = _pressures(x, p)
    port = p.C_port * p.A_port
    above = p.p_supply - p.p_room
    past = _gas_flow(p_top, p_bottom, PISTON_LEAK * f.piston_leak, p)
    leak_bottom = p.A_leak + (PORT_LEAK - p.A_leak) * f.bottom_leak
    leak_top = p.A_leak + (PORT_LEAK - p.A_leak) * f.top_leak
    bottom = _gas_flow(p.p_room + above * u[0], p_bottom, port, p) + past
    top = _gas_flow(p.p_room + above * u[1], p_top, port, p) - past
    return (
        bottom - _gas_flow(p_bottom, p.p_room, leak_bottom, p),
        top - _gas_flow(p_top, p.p_room, leak_top, p),
    )


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    position, speed = x[0], x[1]
    p_bottom, p_top = _pressures(x, p)
    bottom, top = _masses(x, u, p, f)
    spring = p.k * (1.0 - SPRING_LOSS * f.spring_wear) * (p.offset + position)
    friction = p.r * (1.0 + FRICTION_GROWTH * f.friction_growth) * speed
    gas = (p_bottom - p_top) * p.A_piston
    fluid = (u[2] - u[3]) * p.A_plug
    force = gas - fluid - spring - friction - p.m * GRAVITY + _seat(position, speed, p)
    return (speed, MILLI * force / p.m, bottom, top)


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    p_bottom, p_top = _pressures(x, p)
    share = min(max(x[0] / p.stroke, 0.0), 1.0)
    drop = PASCAL * (u[2] - u[3])
    # Proportional below 1 kPa, so that a linear model can be taken without flow.
    root = drop / math.sqrt(math.sqrt(drop * drop + 1e6))
    flow = p.C_v * p.A_plug / SQUARE * math.sqrt(2.0 / p.rho) * root * share
    return (x[0], p_bottom, p_top, flow)


def _rest(p: ValveWear) -> tuple[Sequence[float], Sequence[float]]:
    # The spring presses the plug into its seat until both forces are equal.
    weight = p.m * GRAVITY + p.k * p.offset
    position = -weight / (SEAT_STIFFNESS + p.k)
    gas = p.R_gas * p.T_gas
    bottom = p.p_room * (1000.0 * p.V_bottom + p.A_piston * position) / gas
    top = p.p_room * (1000.0 * p.V_top + p.A_piston * (p.stroke - position)) / gas
    return [position, 0.0, bottom, top], [0.0, 0.0, 0.0, 0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    p_bottom, p_top = _pressures(x, p)
    smallest = 1000.0 * min(p.V_bottom, p.V_top)
    leaks = p.A_leak + PORT_LEAK * (f.bottom_leak + f.top_leak) + PISTON_LEAK + p.A_port
    # Steepest where pressures are equal: choked flow over a few per cent of the pressure.
    gas = 0.2 / LAMINAR * leaks * math.sqrt(p.R_gas * p.T_gas) * MILLI / smallest
    cushion = (p_bottom + p_top) * p.A_piston * p.A_piston / smallest
    friction = MILLI * p.r * (1.0 + FRICTION_GROWTH * f.friction_growth) / p.m
    stiff = p.k + cushion
    # An end that may be reached before the next step.
    deep = max(-x[0], x[0] - p.stroke) + 0.005 * abs(x[1])
    if deep > 0.0:
        stiff += SEAT_STIFFNESS * (1.0 + SEAT_DAMPING * abs(x[1]))
        friction += MILLI * SEAT_STIFFNESS * SEAT_DAMPING * deep / p.m
    step = 0.25 / (math.sqrt(MILLI * stiff / p.m) + friction + gas)
    # A seat is met in small steps, so that its force begins where the seat does.
    to_seat = min(abs(x[0]), abs(x[0] - p.stroke)) / (abs(x[1]) + 1e-6)
    return step if to_seat > step else max(to_seat, 0.1 * step)


MODEL = Model(
    id="valve_wear",
    title="Valve with wear",
    industry="aviation (bleed air)",
    equations=r"""
$$m\,\ddot x = (p_b - p_t)\,A_p - (p_l - p_r)\,A_v - k\,(x_0 + x) - r\,\dot x - m g +
F_\mathrm{seat}$$

$$\dot m_b = \Phi(p_{ub}, p_b, C A_0) - \Phi(p_b, p_a, A_b) + \Phi(p_t, p_b, A_i), \qquad
\dot m_t = \Phi(p_{ut}, p_t, C A_0) - \Phi(p_t, p_a, A_t) - \Phi(p_t, p_b, A_i)$$

$$p_b = \frac{m_b R T}{V_b + A_p x}, \qquad p_t = \frac{m_t R T}{V_t + A_p\,(\ell - x)}, \qquad
Q = C_v A_v \frac{x}{\ell} \sqrt{\frac{2\,(p_l - p_r)}{\rho}}$$

$$\Phi(p_1, p_2, A) = A\,p_1 \sqrt{\frac{2\kappa}{(\kappa - 1)\,R\,T}
\Bigl[\pi^{2/\kappa} - \pi^{(\kappa+1)/\kappa}\Bigr]}, \qquad
\pi = \max \Bigl(\frac{p_2}{p_1},\ \Bigl(\frac{2}{\kappa+1}\Bigr)^{\kappa/(\kappa-1)}\Bigr)$$

with $x$ = `position`, $m_b$, $m_t$ = `m_bottom`, `m_top`, $x_0$ = `offset`, $\ell$ = `stroke`,
$A_0$ = `A_port`, $A_b$, $A_t$ = `A_leak`, $A_i = 0$ when new, $p_a$ = `p_room`, and the ports'
pressures $p_{ub}$, $p_{ut}$ between `p_room` (0) and `p_supply` (1).
""".strip(),
    inputs=(
        Signal("u_bottom", "1", "gas to the bottom port: 0 vent, 1 supply", 0.0, 1.0),
        Signal("u_top", "1", "gas to the top port: 0 vent, 1 supply", 0.0, 1.0),
        Signal("p_left", "MPa", "pressure of the fluid before the plug", 0.0, 0.6),
        Signal("p_right", "MPa", "pressure of the fluid after the plug (disturbance)", 0.0, 0.6),
    ),
    states=(
        Signal("position", "mm", "position of the piston; 0 is closed"),
        Signal("speed", "mm/s", "speed of the piston, opening"),
        Signal("m_bottom", "g", "gas below the piston"),
        Signal("m_top", "g", "gas above the piston"),
    ),
    outputs=(
        Signal("position", "mm", "position of the piston; 0 is closed", -5.0, 43.0),
        Signal("p_bottom", "MPa", "pressure below the piston", 0.0, 6.0),
        Signal("p_top", "MPa", "pressure above the piston", 0.0, 6.0),
        Signal("Q", "m³/s", "flow through the valve", -5.0, 5.0),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason=(
        "a quarter of a bound on the time constants of piston, gas and seat at the present state, "
        "a tenth of that where the piston meets or leaves a seat"
    ),
    faults=(
        Fault("bottom_leak", "leak below the piston of 40 mm² (four times the new one)"),
        Fault("top_leak", "leak above the piston of 40 mm² (four times the new one)"),
        Fault("piston_leak", "leak past the piston of 1.7 mm²"),
        Fault("spring_wear", "spring's stiffness 18 % lower (39.5 N/mm)"),
        Fault("friction_growth", "friction ten times as high"),
    ),
    sensors={
        "position": Sensor(noise=0.05, step=0.02, bias=1.0, drift=0.5, source=OURS),
        "p_bottom": Sensor(noise=0.01, step=0.005, low=0.0, bias=0.1, drift=0.05, source=OURS),
        "p_top": Sensor(noise=0.01, step=0.005, low=0.0, bias=0.1, drift=0.05, source=OURS),
        "Q": Sensor(noise=0.005, step=0.001, bias=0.05, drift=0.02, source=OURS),
    },
    sources=(VALVE, "seats, limits, sensors and the size of friction_growth are ours"),
)


def valve_wear(
    parameters: ValveWear | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the valve: two ports and two pressures in; position, gas pressures and flow out.

    Inputs u_bottom, u_top (0 to 1), p_left, p_right (MPa); outputs position (mm), p_bottom, p_top
    (MPa), Q (m³/s). At rest it is closed and without gas.

    Parameters
    ----------
    parameters : ValveWear, optional
        Default: the published valve, with nitrogen.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.

    Source: Daigle & Goebel 2011, Int. J. Progn. Health Manag. 2(2).
    """
    return Plant(MODEL, parameters or ValveWear(), faults, name)
