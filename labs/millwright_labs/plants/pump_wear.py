"""A centrifugal pump for fuel, with the wear of its impeller and its two bearings as states.

An induction motor turns the pump; the pressure that the impeller makes drives the flow, and
friction heats the bearings and their oil. Wear goes on as the pump runs: flow takes area from the
impeller, and friction roughens the bearings that it comes from. The pump is due when the area
falls below 9.5 m², a bearing passes 370 K, or the oil 350 K (`LIMITS`).

Equations and numbers are those of Daigle & Goebel; the wear rates are ours (`PumpWear`), because
theirs differ from pump to pump. Their numbers do not balance the heat that passes between bearings
and oil: what a bearing gives is not what the oil gets. The square root of the flow's law is made
smooth below 20 kPa.

Made for units C4, C8 and C9. Left out: cavitation, the supply's voltage drop, vibration.
"""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
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

PUMP = "Daigle & Goebel 2013, IEEE Trans. SMC: Systems 43(3):535, as in NASA progpy"
OURS = "ours: representative"

#: Where the pump is due, by state: least area (m²) and highest temperatures (K).
LIMITS = {"A": 9.5, "T_thrust": 370.0, "T_radial": 370.0, "T_oil": 350.0}

#: In normal running, as in the source's example: voltage (V), synchronous speed (rad/s, 3,600 rpm),
#: pressures (kPa), temperature (K).
V_REST, W_REST, SUCTION_REST, DISCHARGE_REST, ROOM = 471.2389, 376.991118, 239.179, 928.654, 290.0

#: Pa in one kPa, and the pressure (Pa) below which flow is proportional to it.
PASCAL, LAMINAR = 1000.0, 20e3

#: At severity 1: share of area lost (down to the limit), growth of each bearing's friction, and
#: the leak's area (m²).
AREA_LOSS, FRICTION_GROWTH, LEAK = 0.2525, 2.0, 1e-5


@dataclass(frozen=True)
class PumpWear(Parameters):
    """Numbers of pump, motor and wear."""

    J: float = parameter(50.0, "kg·m²", PUMP, "inertia of motor and impeller", minimum=POSITIVE)
    r: float = parameter(0.008, "N·m·s", PUMP, "friction but for the bearings", minimum=0.0)
    R_1: float = parameter(0.36, "Ω", PUMP, "resistance of the stator", minimum=POSITIVE)
    R_2: float = parameter(0.076, "Ω", PUMP, "resistance of the rotor", minimum=POSITIVE)
    L_1: float = parameter(0.00063, "H", PUMP, "inductance", minimum=0.0)
    phases: float = parameter(3.0, "1", PUMP, "phases times pole pairs", minimum=1.0)
    a_0: float = parameter(0.00149204, "N·m·s²", PUMP, "load by speed squared", minimum=0.0)
    a_1: float = parameter(5.77703, "N·m·s²/m³", PUMP, "load by speed and flow", minimum=0.0)
    a_2: float = parameter(9179.4, "N·m·s²/m⁶", PUMP, "load by flow squared", minimum=0.0)
    A_new: float = parameter(12.7084, "m²", PUMP, "area of the new impeller", minimum=POSITIVE)
    b: float = parameter(17984.6, "Pa·s²/m³", PUMP, "pressure by speed and flow", minimum=0.0)
    c: float = parameter(8.24123e-5, "m³/(s·√Pa)", PUMP, "flow by pressure", minimum=POSITIVE)
    flow_lag: float = parameter(5.0, "s", PUMP, "inertia of the fluid", minimum=0.01)
    leak: float = parameter(1e-10, "m³/(s·√Pa)", PUMP, "internal leak", minimum=0.0)
    r_thrust_new: float = parameter(
        1.4e-6, "N·m·s", PUMP, "friction of the new thrust bearing", minimum=0.0
    )
    r_radial_new: float = parameter(
        1.8e-6, "N·m·s", PUMP, "friction of the new radial bearing", minimum=0.0
    )
    mc_thrust: float = parameter(7.3, "J/K", PUMP, "heat capacity, thrust", minimum=POSITIVE)
    mc_radial: float = parameter(2.4, "J/K", PUMP, "heat capacity, radial", minimum=POSITIVE)
    mc_oil: float = parameter(8000.0, "J/K", PUMP, "heat capacity of the oil", minimum=POSITIVE)
    H_thrust_room: float = parameter(
        0.0034, "W/K", PUMP, "thrust bearing to room", minimum=POSITIVE
    )
    H_thrust_oil: float = parameter(0.0026, "W/K", PUMP, "thrust bearing to oil", minimum=0.0)
    H_radial_room: float = parameter(
        0.0018, "W/K", PUMP, "radial bearing to room", minimum=POSITIVE
    )
    H_radial_oil: float = parameter(0.020, "W/K", PUMP, "radial bearing to oil", minimum=0.0)
    H_oil_thrust: float = parameter(1.0, "W/K", PUMP, "oil from thrust bearing", minimum=0.0)
    H_oil_radial: float = parameter(3.0, "W/K", PUMP, "oil from radial bearing", minimum=0.0)
    H_oil_room: float = parameter(1.5, "W/K", PUMP, "oil to room", minimum=POSITIVE)
    w_A: float = parameter(
        7e-4, "s/m⁴", "ours: 100 h to the limit", "wear of the impeller by flow squared",
        minimum=0.0,
    )  # fmt: skip
    w_thrust: float = parameter(
        1.4e-11, "s", "ours: doubled in 100 h", "wear of the thrust bearing by speed squared",
        minimum=0.0,
    )  # fmt: skip
    w_radial: float = parameter(
        1.4e-11, "s", "ours: doubled in 100 h", "wear of the radial bearing by speed squared",
        minimum=0.0,
    )  # fmt: skip


def _root(pressure: float) -> float:
    """Square root of a pressure (Pa) with its sign, smooth at zero."""
    return pressure / math.sqrt(math.sqrt(pressure * pressure + LAMINAR * LAMINAR))


def _friction(x: Sequence[float], p: Any, f: Any) -> tuple[float, float]:
    """Friction (N·m·s) of the thrust and the radial bearing."""
    return (
        x[7] * (1.0 + FRICTION_GROWTH * f.thrust_bearing_wear),
        x[6] * (1.0 + FRICTION_GROWTH * f.radial_bearing_wear),
    )


def _motor(w: float, V: float, w_sync: float, p: Any) -> float:
    """Torque (N·m) of the induction motor."""
    slip = (w_sync - w) / w_sync
    across = p.R_1 * slip + p.R_2
    reactance = slip * w_sync * p.L_1
    return p.phases * p.R_2 * slip * V * V / (w_sync * (across * across + reactance * reactance))


def _delivered(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    """Flow (m³/s) delivered; a check valve lets none back."""
    lost = (p.leak + LEAK * f.seal_leak) * _root(PASCAL * (u[3] - u[2]))
    flow = x[1] - lost
    return flow if flow > 0.0 else 0.0


def _load(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    """Torque (N·m) that fluid and friction take."""
    thrust, radial = _friction(x, p, f)
    w, Q = x[0], _delivered(x, u, p, f)
    return (p.r + thrust + radial) * w + p.a_0 * w * w + p.a_1 * w * Q - p.a_2 * Q * Q


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    w, Q, T_thrust, T_radial, T_oil = x[0], x[1], x[2], x[3], x[4]
    V, w_sync, room = u[0], u[1], u[4]
    thrust, radial = _friction(x, p, f)
    area = x[5] * (1.0 - AREA_LOSS * f.impeller_wear)
    head = area * w * w + p.b * w * Q - PASCAL * (u[3] - u[2])
    heat_thrust, heat_radial = thrust * w * w, radial * w * w
    return (
        (_motor(w, V, w_sync, p) - _load(x, u, p, f)) / p.J,
        (p.c * _root(head) - Q) / p.flow_lag,
        (heat_thrust - p.H_thrust_room * (T_thrust - room) - p.H_thrust_oil * (T_thrust - T_oil))
        / p.mc_thrust,
        (heat_radial - p.H_radial_room * (T_radial - room) - p.H_radial_oil * (T_radial - T_oil))
        / p.mc_radial,
        (
            p.H_oil_thrust * (T_thrust - T_oil)
            + p.H_oil_radial * (T_radial - T_oil)
            + p.H_oil_room * (room - T_oil)
        )
        / p.mc_oil,
        -p.w_A * Q * Q,
        p.w_radial * heat_radial,
        p.w_thrust * heat_thrust,
    )


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[0], _delivered(x, u, p, f), x[2], x[3], x[4])


@functools.lru_cache(maxsize=128)
def _rest(p: PumpWear) -> tuple[Sequence[float], Sequence[float]]:
    u = [V_REST, W_REST, SUCTION_REST, DISCHARGE_REST, ROOM]
    sound = SimpleNamespace(**{fault.name: 0.0 for fault in MODEL.faults})
    slow, fast = 0.5 * W_REST, W_REST
    # Above half its speed the motor has more torque than the load, at synchronous speed less.
    for _ in range(100):
        w = 0.5 * (slow + fast)
        Q = 0.1
        for _ in range(100):
            head = p.A_new * w * w + p.b * w * Q - PASCAL * (DISCHARGE_REST - SUCTION_REST)
            Q = p.c * _root(head)
        state = [w, Q, ROOM, ROOM, ROOM, p.A_new, p.r_radial_new, p.r_thrust_new]
        if _motor(w, V_REST, W_REST, p) > _load(state, u, p, sound):
            slow = w
        else:
            fast = w
    T_oil, T_thrust, T_radial = _temperatures(w, p)
    return [w, Q, T_thrust, T_radial, T_oil, p.A_new, p.r_radial_new, p.r_thrust_new], u


def _temperatures(w: float, p: PumpWear) -> tuple[float, float, float]:
    """Steady temperatures (K) of oil, thrust and radial bearing of the new pump."""
    heat_thrust, heat_radial = p.r_thrust_new * w * w, p.r_radial_new * w * w
    out_thrust, out_radial = p.H_thrust_room + p.H_thrust_oil, p.H_radial_room + p.H_radial_oil
    # A bearing stands above the room by its own heat, and by a share of the oil's.
    own_thrust, own_radial = heat_thrust / out_thrust, heat_radial / out_radial
    share_thrust, share_radial = p.H_thrust_oil / out_thrust, p.H_radial_oil / out_radial
    gained = p.H_oil_thrust * own_thrust + p.H_oil_radial * own_radial
    lost = (
        p.H_oil_thrust * (1.0 - share_thrust) + p.H_oil_radial * (1.0 - share_radial) + p.H_oil_room
    )
    oil = gained / lost
    return (
        ROOM + oil,
        ROOM + own_thrust + share_thrust * oil,
        ROOM + own_radial + share_radial * oil,
    )


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    w, V, w_sync = abs(x[0]) + 1.0, u[0], u[1]
    # How steep the motor is here, steepest where it brakes a pump that overruns its supply.
    slip = (w_sync - x[0]) / w_sync
    across, reactance = p.R_1 * slip + p.R_2, w_sync * p.L_1
    D = across * across + slip * slip * reactance * reactance
    bend = 2.0 * abs(slip * (p.R_1 * across + slip * reactance * reactance)) / D
    motor = p.phases * p.R_2 * V * V / (w_sync * w_sync * D) * (1.0 + bend)
    Q = abs(x[1]) + 0.01
    load = p.r + 2.0 * p.a_0 * w + p.a_1 * Q
    head = x[5] * w * w + p.b * w * x[1] - PASCAL * (u[3] - u[2])
    steep = LAMINAR + max(0.0, abs(head) - 10.0 * LAMINAR)
    flow = (p.c * p.b * w / math.sqrt(steep) + 1.0) / p.flow_lag
    return 0.2 / ((motor + load) / p.J + flow + p.a_1 * w / p.J * p.c)


MODEL = Model(
    id="pump_wear",
    title="Pump with wear",
    industry="aviation (fuel pump)",
    equations=r"""
$$J\,\dot\omega = T_e - (r + r_t + r_r)\,\omega - a_0\,\omega^2 - a_1\,\omega\,Q_o + a_2\,Q_o^2$$

$$T_e = \frac{n\,R_2\,s\,V^2}{\omega_s\,[(R_1 s + R_2)^2 + (s\,\omega_s L_1)^2]}, \qquad
s = \frac{\omega_s - \omega}{\omega_s}$$

$$\tau\,\dot Q = c\,\sqrt{A\,\omega^2 + b\,\omega\,Q + p_s - p_d} - Q, \qquad
Q_o = \max (0,\ Q - c_l \sqrt{p_d - p_s})$$

$$C_t\,\dot T_t = r_t\,\omega^2 - H_{t}\,(T_t - T_\mathrm{room}) - H_{to}\,(T_t - T_o)
\quad\text{(radial alike)}$$

$$C_o\,\dot T_o = H_{ot}\,(T_t - T_o) + H_{or}\,(T_r - T_o) + H_o\,(T_\mathrm{room} - T_o)$$

$$\dot A = -w_A\,Q^2, \qquad \dot r_t = w_t\,r_t\,\omega^2, \qquad \dot r_r = w_r\,r_r\,\omega^2$$

with $\omega$ = `w`, $\omega_s$ = `w_sync`, $n$ = `phases`, $\tau$ = `flow_lag`, $c_l$ = `leak`,
$r_t$, $r_r$ = `r_thrust`, `r_radial`, roots with the sign of their argument.
""".strip(),
    inputs=(
        Signal("V", "V", "voltage of the supply", 0.0, 500.0),
        Signal("w_sync", "rad/s", "synchronous speed of the supply", 150.0, 450.0),
        Signal("p_suction", "kPa", "pressure before the pump", 0.0, 600.0),
        Signal("p_discharge", "kPa", "pressure after the pump (disturbance)", 0.0, 1200.0),
        Signal("T_room", "K", "temperature around the pump (disturbance)", 230.0, 330.0),
    ),
    states=(
        Signal("w", "rad/s", "speed of the pump"),
        Signal("Q", "m³/s", "flow through the impeller"),
        Signal("T_thrust", "K", "temperature of the thrust bearing"),
        Signal("T_radial", "K", "temperature of the radial bearing"),
        Signal("T_oil", "K", "temperature of the bearings' oil"),
        Signal("A", "m²", "area of the impeller"),
        Signal("r_radial", "N·m·s", "friction of the radial bearing"),
        Signal("r_thrust", "N·m·s", "friction of the thrust bearing"),
    ),
    outputs=(
        Signal("w", "rad/s", "speed of the pump", -10.0, 460.0),
        Signal("Q_out", "m³/s", "flow delivered", 0.0, 0.3),
        Signal("T_thrust", "K", "temperature of the thrust bearing", 200.0, 370.0),
        Signal("T_radial", "K", "temperature of the radial bearing", 200.0, 370.0),
        Signal("T_oil", "K", "temperature of the bearings' oil", 200.0, 350.0),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason="a fifth of a bound on the time constants of motor and flow at the present speed",
    faults=(
        Fault("impeller_wear", "area of the impeller 25 % lower (new to 9.5 m², its limit)"),
        Fault(
            "thrust_bearing_wear",
            "friction of the thrust bearing three times as high (past 370 K in normal running)",
        ),
        Fault(
            "radial_bearing_wear",
            "friction of the radial bearing three times as high (past 370 K in normal running)",
        ),
        Fault("seal_leak", "leak of 1e-5 m³/(s·√Pa) from discharge to suction"),
    ),
    sensors={
        "w": Sensor(noise=0.2, step=0.1, bias=2.0, drift=1.0, source=OURS),
        "Q_out": Sensor(noise=0.0005, step=0.0001, bias=0.005, drift=0.002, source=OURS),
        "T_thrust": Sensor(noise=0.2, step=0.1, bias=3.0, drift=2.0, source=OURS),
        "T_radial": Sensor(noise=0.2, step=0.1, bias=3.0, drift=2.0, source=OURS),
        "T_oil": Sensor(noise=0.2, step=0.1, bias=3.0, drift=2.0, source=OURS),
    },
    sources=(PUMP, "wear rates, input limits, sensors and fault sizes are ours"),
    running_states=("A", "r_radial", "r_thrust"),
)


def pump_wear(
    parameters: PumpWear | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the pump: V, w_sync, two pressures and T_room in; speed, flow, temperatures out.

    Inputs V (V), w_sync (rad/s), p_suction, p_discharge (kPa), T_room (K); outputs w (rad/s),
    Q_out (m³/s), T_thrust, T_radial, T_oil (K). At rest it runs new and warm at the published
    voltage and pressures; the wear rates then take it to its limit in about 100 hours.

    Parameters
    ----------
    parameters : PumpWear, optional
        Default: the published pump with wear rates of ours.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.

    Source: Daigle & Goebel 2013, IEEE Trans. SMC: Systems 43(3):535.
    """
    return Plant(MODEL, parameters or PumpWear(), faults, name)
