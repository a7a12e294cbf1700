"""A feed axis of a three-axis CNC machine: servo amplifier, motor, ball screw and table.

The drive is a current-controlled motor, so the command voltage sets a torque. Friction is
written as a voltage at the same input. It is asymmetric, and its static (break-away) level is
higher than its sliding level, which makes the axis stick and slip.

Friction jumps at standstill. It is made smooth by a hyperbolic tangent of speed over
`stick_speed`: below break-away the axis does not stand quite still but creeps by at most a few
times that speed (X axis: a few hundredths of a millimetre a second).

Made for units A2, A6, A8 and B2. Left out: the current loop, the stiffness of screw and coupling,
cutting forces, heat.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import control as ct

from millwright_labs.errors import ParameterError
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

TABLE = "Chinese J. Mech. Eng. 2023, doi:10.1186/s10033-023-00946-x, Table 1"
OURS = "ours: representative"

#: Lost motion (mm), pitch error (mm) and friction factor at severity 1: an axis that is due for
#: overhaul; new ball screws lose a few micrometres.
BACKLASH, PITCH_ERROR, FRICTION_GROWTH = 0.05, 0.02, 1.5

#: A worn nut follows the screw with this lag (s): 5 µm at 100 mm/s.
NUT_LAG = 50e-6


#: Friction changes from one side's level to the other's in this fraction of the turn itself, so
#: that the weak side (Z: a fifth of the strong one) is not lifted.
LEAN = 3.0


@dataclass(frozen=True)
class CncAxis(Parameters):
    """Numbers of one axis; the defaults are the X axis'. Friction levels are magnitudes."""

    Ka: float = parameter(3.1201, "A/V", TABLE, "current amplifier", minimum=POSITIVE)
    Kt: float = parameter(0.8910, "N·m/A", TABLE, "torque constant", minimum=POSITIVE)
    J: float = parameter(3.3177e-3, "kg·m²", TABLE, "inertia at the motor", minimum=POSITIVE)
    B: float = parameter(0.0192, "N·m·s/rad", TABLE, "viscous friction", minimum=0.0)
    rg: float = parameter(
        1.5915, "mm/rad", TABLE, "travel of the table per radian", minimum=POSITIVE
    )
    static_plus: float = parameter(0.6481, "V", TABLE, "static friction, forward", minimum=0.0)
    static_minus: float = parameter(0.8235, "V", TABLE, "static friction, backward", minimum=0.0)
    coulomb_plus: float = parameter(0.5326, "V", TABLE, "sliding friction, forward", minimum=0.0)
    coulomb_minus: float = parameter(0.6459, "V", TABLE, "sliding friction, backward", minimum=0.0)
    stribeck_1_plus: float = parameter(
        0.8227, "rad/s", TABLE, "decay of the static part, forward", minimum=1e-3
    )
    stribeck_1_minus: float = parameter(
        0.6357, "rad/s", TABLE, "decay of the static part, backward", minimum=1e-3
    )
    stribeck_2_plus: float = parameter(
        0.8227, "rad/s", TABLE, "rise of the sliding part, forward", minimum=1e-3
    )
    stribeck_2_minus: float = parameter(
        0.6357, "rad/s", TABLE, "rise of the sliding part, backward", minimum=1e-3
    )
    stick_speed: float = parameter(
        0.02,
        "rad/s",
        "ours: a tenth of the table's 0.2 rad/s band around standstill",
        "speed over which friction turns round",
        minimum=1e-3,
    )
    Kp: float = parameter(102.2, "rad/(s·mm)", TABLE, "drive's position gain", minimum=0.0)
    Kv: float = parameter(0.1846, "V·s/rad", TABLE, "drive's speed gain", minimum=0.0)
    Tv: float = parameter(0.12, "s", TABLE, "drive's speed integral time", minimum=1e-6)

    def without_friction(self) -> Self:
        """Give the linear axis: viscous friction only."""
        return replace(self, static_plus=0.0, static_minus=0.0, coulomb_plus=0.0, coulomb_minus=0.0)


#: The three axes of the machine.
AXES: dict[str, CncAxis] = {
    "X": CncAxis(),
    "Y": CncAxis(
        J=3.8650e-3,
        B=0.0219,
        static_plus=0.8187,
        static_minus=0.9065,
        coulomb_plus=0.6949,
        coulomb_minus=0.8740,
        stribeck_1_plus=0.5890,
        stribeck_1_minus=1.2170,
        stribeck_2_plus=0.5890,
        stribeck_2_minus=2.2011,
        Kv=0.2151,
    ),
    "Z": CncAxis(
        J=15.974e-3,
        B=0.0041,
        rg=6.3662,
        static_plus=1.0412,
        static_minus=0.2210,
        coulomb_plus=0.9599,
        coulomb_minus=0.1606,
        stribeck_1_plus=0.6615,
        stribeck_1_minus=2.1453,
        stribeck_2_plus=0.6907,
        stribeck_2_minus=2.8072,
        Kp=50.0,
        Kv=0.35,
    ),
}


def friction(speed: float, p: CncAxis) -> float:
    """Friction of the sound axis as a command voltage (V) at a motor speed (rad/s)."""
    a = abs(speed)
    side = math.tanh(speed / p.stick_speed)
    lean = math.tanh(LEAN * speed / p.stick_speed)
    plus = minus = 0.0
    if lean > -1.0:
        plus = p.static_plus * math.exp(-a / p.stribeck_1_plus) - p.coulomb_plus * math.expm1(
            -a / p.stribeck_2_plus
        )
    if lean < 1.0:
        minus = p.static_minus * math.exp(-a / p.stribeck_1_minus) - p.coulomb_minus * math.expm1(
            -a / p.stribeck_2_minus
        )
    return 0.5 * side * (plus + minus + lean * (plus - minus))


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    speed = x[1]
    lost = friction(speed, p) * (1.0 + FRICTION_GROWTH * f.friction_growth)
    return (p.rg * speed, (p.Ka * p.Kt * (u[0] - lost) - p.B * speed) / p.J)


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (_with_pitch_error(x[0], x[0], p, f), x[1])


def _with_pitch_error(table: float, screw: float, p: Any, f: Any) -> float:
    if not f.screw_wear:
        return table
    return table + PITCH_ERROR * f.screw_wear * math.sin(screw / p.rg)


def _rhs_loose(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    ahead = x[0] - x[2]
    play = 0.5 * BACKLASH * f.backlash
    pushed = ahead - play if ahead > play else ahead + play if ahead < -play else 0.0
    return (*_rhs(t, x, u, p, f), pushed / NUT_LAG)


def _out_loose(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (_with_pitch_error(x[2], x[0], p, f), x[1])


def _rest(p: CncAxis) -> tuple[Sequence[float], Sequence[float]]:
    return [0.0, 0.0], [0.0]


def _rest_loose(p: CncAxis) -> tuple[Sequence[float], Sequence[float]]:
    return [0.0, 0.0, 0.0], [0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    gain = p.Ka * p.Kt / p.J
    worn = 1.0 + FRICTION_GROWTH * f.friction_growth
    level = max(p.static_plus, p.static_minus, p.coulomb_plus, p.coulomb_minus) * worn
    decay = min(p.stribeck_1_plus, p.stribeck_1_minus, p.stribeck_2_plus, p.stribeck_2_minus)
    sliding = 0.5 / (p.B / p.J + gain * level / decay + 1.0)
    # Friction turns round within a few stick speeds of standstill; far from there, and for as
    # long as the axis cannot get there, it hardly changes.
    margin = abs(x[1]) - 8.0 * p.stick_speed
    braking = gain * (abs(u[0]) + level) + p.B / p.J * abs(x[1]) + 1.0
    if margin > 0.0:
        return min(sliding, max(margin, 0.5 * p.stick_speed) / braking)
    # An axis that passes through standstill passes through the turn of friction in small steps.
    acceleration = gain * (u[0] - worn * friction(x[1], p)) - p.B / p.J * x[1]
    sticking = 2.0 / (gain * level / p.stick_speed + p.B / p.J + 1.0)
    passing = 0.5 * p.stick_speed / (abs(acceleration) + 1.0)
    return min(sliding, sticking, passing)


def _max_step_loose(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    return min(_max_step(x, u, p, f), 2.0 * NUT_LAG)


_POSITION = Signal("position", "mm", "position of the table", -250.0, 250.0)
_SPEED = Signal("speed", "rad/s", "speed of the motor", -314.0, 314.0)

MODEL = Model(
    id="cnc_axis",
    title="CNC feed axis",
    industry="CNC",
    equations=r"""
$$J\,\dot\omega = K_t K_a\,\bigl(u - d(\omega)\bigr) - B\,\omega, \qquad \dot p = r_g\,\omega$$

$$d(\omega) = \tfrac12 \tanh\frac{\omega}{\omega_s}\,
\Bigl[d_+ + d_- + (d_+ - d_-)\tanh\frac{3\,\omega}{\omega_s}\Bigr]$$

$$d_\pm = d_{s\pm}\,e^{-|\omega|/\Omega_{1\pm}} +
d_{c\pm}\,\bigl(1 - e^{-|\omega|/\Omega_{2\pm}}\bigr)$$

with $\omega$ = `speed`, $p$ = `position`, $d$ the friction in volts, $d_{s\pm}$ = `static_…`,
$d_{c\pm}$ = `coulomb_…`, $\Omega_{1\pm}$, $\Omega_{2\pm}$ = `stribeck_…`,
$\omega_s$ = `stick_speed`. Position loop of the drive:
$L(s) = r_g K_p\,T(s)/s$ with the speed loop $T$ closed by $K_v\,(1 + 1/(T_v s))$.
""".strip(),
    inputs=(Signal("u", "V", "command voltage of the amplifier", -10.0, 10.0),),
    states=(Signal("position", "mm", "position of the screw"), Signal("speed", "rad/s", "motor")),
    outputs=(_POSITION, _SPEED),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason=(
        "near standstill at most twice the time constant of the smoothed friction (X: 58 µs; "
        "the method is stable up to 2.78 times) and half a stick speed; while sliding half a "
        "bound on the time constant of the friction curve (X: 0.46 ms); with backlash at most "
        "0.1 ms, twice the lag of the nut"
    ),
    faults=(
        Fault("friction_growth", "friction 2.5 times as high (dry guideways)"),
        Fault("backlash", "lost motion of 0.05 mm between screw and table (adds a state)"),
        Fault("screw_wear", "pitch error of ±0.02 mm once a turn of the screw"),
    ),
    sensors={
        "position": Sensor(
            noise=0.0002, step=0.001, bias=0.05, drift=0.02, source="ours: linear scale, 1 µm"
        ),
        "speed": Sensor(
            noise=0.02, step=0.01, bias=1.0, drift=0.5, source="ours: representative encoder"
        ),
    },
    sources=(
        TABLE,
        "Erkorkmaz & Altintas 2001, Int. J. Mach. Tools Manuf. 41:1487 (friction curve)",
        "input limits, safe limits, sensors and fault sizes are ours",
    ),
    running_states=("position",),
    variants=AXES,
)

_LOOSE = replace(
    MODEL,
    states=(*MODEL.states, Signal("table", "mm", "position of the table")),
    rest=_rest_loose,
    rhs=_rhs_loose,
    out=_out_loose,
    max_step=_max_step_loose,
    running_states=("position", "table"),
)


def cnc_axis(
    axis: str = "X",
    parameters: CncAxis | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make a feed axis: input u (V), outputs position (mm) and speed (rad/s).

    Without friction the X axis has 144.8 (rad/s)/V and a time constant of 0.173 s.

    Parameters
    ----------
    axis : {"X", "Y", "Z"}
        Which axis' numbers to take.
    parameters : CncAxis, optional
        Own numbers; `axis` is not looked at then. ``AXES["Z"].without_friction()`` is the
        linear Z axis.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card. Backlash adds a state, the position of the table.
    name : str, optional
        The system's name.

    Source: Chinese J. Mech. Eng. 2023, doi:10.1186/s10033-023-00946-x, Table 1.
    """
    if parameters is None:
        if axis not in AXES:
            raise ParameterError(f"There is no axis {axis!r}. Choose from: {', '.join(AXES)}.")
        parameters = AXES[axis]
    model = _LOOSE if "backlash" in (faults or {}) else MODEL
    return Plant(model, parameters, faults, name)


def position_loop(
    P: Plant | CncAxis,
    Kp: float | None = None,
    Kv: float | None = None,
    Tv: float | None = None,
) -> ct.TransferFunction:
    """Give the axis' open position loop with the drive's P-PI controller, without friction.

    A PI speed controller ``Kv (1 + 1/(Tv s))`` closes the speed loop; the position error (mm)
    times `Kp` is the speed's set point. The crossover is near ``rg Kp`` 1/s.

    Parameters
    ----------
    P : Plant or CncAxis
        The axis.
    Kp, Kv, Tv : float, optional
        Gains in rad/(s·mm), V·s/rad and s. Default: those of the axis' parameters.

    Returns
    -------
    control.TransferFunction
        L(s), from position error (mm) to position (mm).
    """
    p = P.parameters if isinstance(P, Plant) else P
    if not isinstance(p, CncAxis):
        raise ParameterError("position_loop needs a cnc_axis, or the numbers of one (CncAxis).")
    gains = {"Kp": Kp, "Kv": Kv, "Tv": Tv}
    p = replace(p, **{name: value for name, value in gains.items() if value is not None})
    s = ct.tf("s")
    drive = p.Ka * p.Kt / (p.J * s + p.B)
    speed_loop = ct.feedback(p.Kv * (1 + 1 / (p.Tv * s)) * drive, 1)
    return p.rg * p.Kp * speed_loop / s
