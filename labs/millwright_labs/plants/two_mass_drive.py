"""A feed drive that is not stiff: motor and table, joined by screw and coupling that twist.

Twist makes a resonance, and below it an antiresonance where the motor cannot feel the table.
The state is the twist and not two angles, so that the model has no pole at zero that its speeds
do not see.

Dry friction acts on the table. It jumps at standstill and is made smooth by a hyperbolic tangent
of speed over `stick_speed`. `without_friction` gives the numbers of the linear drive.

Made for units A7 and A8. Left out: the current loop, further modes of the screw, the
position-dependent stiffness of the screw, cutting forces beyond `T_load`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

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

OURS = "ours: representative"

#: Loss of stiffness, growth of dry friction, and play (rad) between the halves at severity 1.
STIFFNESS_LOSS, FRICTION_GROWTH, PLAY = 0.5, 1.5, 0.005


@dataclass(frozen=True)
class TwoMassDrive(Parameters):
    """Numbers of the drive, all at the motor's shaft."""

    J_motor: float = parameter(2e-3, "kg·m²", OURS, "inertia of the motor", minimum=POSITIVE)
    J_table: float = parameter(5e-3, "kg·m²", OURS, "inertia of screw and table", minimum=POSITIVE)
    k: float = parameter(1500.0, "N·m/rad", OURS, "stiffness between them", minimum=POSITIVE)
    d: float = parameter(0.05, "N·m·s/rad", OURS, "damping between them", minimum=0.0)
    b: float = parameter(0.01, "N·m·s/rad", OURS, "viscous friction of the table", minimum=0.0)
    T_coulomb: float = parameter(0.4, "N·m", OURS, "dry friction of the table", minimum=0.0)
    stick_speed: float = parameter(
        0.05, "rad/s", OURS, "speed over which dry friction turns round", minimum=1e-3
    )

    def without_friction(self) -> Self:
        """Give the linear drive: no dry friction."""
        return replace(self, T_coulomb=0.0)


def _shaft(x: Sequence[float], p: Any, f: Any) -> float:
    """Torque (N·m) that the motor passes on to the table."""
    twist = x[1]
    play = 0.5 * PLAY * f.coupling_play
    if twist > play:
        twist = twist - play
    elif twist < -play:
        twist = twist + play
    else:
        twist = 0.0
    return p.k * (1.0 - STIFFNESS_LOSS * f.coupling_wear) * twist + p.d * (x[0] - x[2])


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    shaft = _shaft(x, p, f)
    dry = p.T_coulomb * (1.0 + FRICTION_GROWTH * f.friction_growth)
    friction = dry * math.tanh(x[2] / p.stick_speed) + p.b * x[2]
    return (
        (u[0] - shaft) / p.J_motor,
        x[0] - x[2],
        (shaft - friction - u[1]) / p.J_table,
    )


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[0], x[2])


def _rest(p: TwoMassDrive) -> tuple[Sequence[float], Sequence[float]]:
    return [0.0, 0.0, 0.0], [0.0, 0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    inertia = 1.0 / p.J_motor + 1.0 / p.J_table
    dry = p.T_coulomb * (1.0 + FRICTION_GROWTH * f.friction_growth)
    step = 0.2 / (
        math.sqrt(p.k * inertia) + p.d * inertia + (p.b + dry / p.stick_speed) / p.J_table
    )
    if f.coupling_play > 0.0:
        # The halves meet in small steps, so that torque begins where the play ends.
        gap = abs(abs(x[1]) - 0.5 * PLAY * f.coupling_play)
        to_meet = gap / (abs(x[0] - x[2]) + 1e-6)
        if to_meet < step:
            return max(to_meet, 0.1 * step)
    return step


MODEL = Model(
    id="two_mass_drive",
    title="Two-mass feed drive",
    industry="CNC",
    equations=r"""
$$J_m\,\dot\omega_m = T - T_s, \qquad \dot\varphi = \omega_m - \omega_t$$

$$J_t\,\dot\omega_t = T_s - T_c \tanh\frac{\omega_t}{\omega_s} - b\,\omega_t - T_\mathrm{load}$$

$$T_s = k\,\varphi + d\,(\omega_m - \omega_t)$$

with $\omega_m$ = `speed_motor`, $\omega_t$ = `speed_table`, $\varphi$ = `twist`,
$T_c$ = `T_coulomb`, $\omega_s$ = `stick_speed`.
""".strip(),
    inputs=(
        Signal("T", "N·m", "torque of the motor", -10.0, 10.0),
        Signal("T_load", "N·m", "load torque on the table (disturbance)", -5.0, 5.0),
    ),
    states=(
        Signal("speed_motor", "rad/s", "speed of the motor"),
        Signal("twist", "rad", "angle of the motor ahead of the table"),
        Signal("speed_table", "rad/s", "speed of the table, as of the screw"),
    ),
    outputs=(
        Signal("speed_motor", "rad/s", "speed of the motor", -400.0, 400.0),
        Signal("speed_table", "rad/s", "speed of the table, as of the screw", -400.0, 400.0),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason=(
        "a fifth of a bound on the shortest time constant (75 µs), a tenth of that where loose "
        "halves meet"
    ),
    faults=(
        Fault("coupling_wear", "stiffness k halved (resonance 29 % lower)"),
        Fault("coupling_play", "5 mrad of play between motor and table"),
        Fault("friction_growth", "dry friction 2.5 times as high (dry guideways)"),
    ),
    sensors={
        "speed_motor": Sensor(
            noise=0.02, step=0.01, bias=1.0, drift=0.5, source="ours: representative encoder"
        ),
        "speed_table": Sensor(
            noise=0.05, step=0.02, bias=1.0, drift=0.5, source="ours: representative scale"
        ),
    },
    sources=("all numbers are ours: representative of a servo axis of 1 to 2 kW",),
)


def two_mass_drive(
    parameters: TwoMassDrive | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the drive: inputs T, T_load (N·m); outputs speed_motor, speed_table (rad/s).

    With the default numbers: resonance at 163 Hz, antiresonance of the motor at 87 Hz.

    Parameters
    ----------
    parameters : TwoMassDrive, optional
        Default: representative numbers of ours. ``TwoMassDrive().without_friction()`` makes the
        drive linear.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.
    """
    return Plant(MODEL, parameters or TwoMassDrive(), faults, name)
