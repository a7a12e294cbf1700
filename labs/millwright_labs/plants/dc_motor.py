"""A small direct-current motor with a load torque: the servo that every textbook starts from.

Made for unit A2. Left out: dry friction, cogging, heating of the winding.
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

CTMS = "Control Tutorials for MATLAB and Simulink, DC Motor Speed: System Modeling"


@dataclass(frozen=True)
class DcMotor(Parameters):
    """Numbers of the motor."""

    J: float = parameter(0.01, "kg·m²", CTMS, "inertia of the rotor", minimum=POSITIVE)
    b: float = parameter(0.1, "N·m·s", CTMS, "viscous friction", minimum=0.0)
    K: float = parameter(
        0.01, "N·m/A", CTMS, "torque constant, equal to the voltage constant", minimum=POSITIVE
    )
    R: float = parameter(1.0, "Ω", CTMS, "resistance of brushes and winding", minimum=POSITIVE)
    L: float = parameter(0.5, "H", CTMS, "inductance of the winding", minimum=POSITIVE)


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    speed, i = x
    V, T_load = u
    b = p.b * (1.0 + 2.0 * f.friction_growth)
    R = p.R * (1.0 + f.resistance_growth)
    K = p.K * (1.0 - 0.5 * f.magnet_loss)
    return ((K * i - b * speed - T_load) / p.J, (V - R * i - K * speed) / p.L)


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[0], x[1])


def _rest(p: DcMotor) -> tuple[Sequence[float], Sequence[float]]:
    return [0.0, 0.0], [0.0, 0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    # Bounds the modulus of both poles, with friction and resistance at their worst.
    return 0.2 / (3.0 * p.b / p.J + 2.0 * p.R / p.L + p.K / (p.J * p.L) ** 0.5)


MODEL = Model(
    id="dc_motor",
    title="DC motor",
    industry="servo drives",
    equations=r"""
$$J\,\dot\omega = K\,i - b\,\omega - T_\mathrm{load}$$

$$L\,\dot i = V - R\,i - K\,\omega$$

with $\omega$ = `speed`.
""".strip(),
    inputs=(
        Signal("V", "V", "armature voltage", -12.0, 12.0),
        Signal("T_load", "N·m", "load torque (disturbance)", -0.1, 0.1),
    ),
    states=(
        Signal("speed", "rad/s", "speed of the rotor"),
        Signal("i", "A", "armature current"),
    ),
    outputs=(
        Signal("speed", "rad/s", "speed of the rotor", -3.0, 3.0),
        Signal("i", "A", "armature current", -15.0, 15.0),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason="a fifth of a bound on the shortest time constant (6 ms with the default numbers)",
    faults=(
        Fault("friction_growth", "viscous friction b three times as high"),
        Fault("resistance_growth", "resistance R of brushes and winding doubled"),
        Fault("magnet_loss", "constant K halved by weak magnets"),
    ),
    sensors={
        "speed": Sensor(
            noise=0.001, step=0.001, bias=0.05, drift=0.05, source="ours: representative tacho"
        ),
        "i": Sensor(
            noise=0.01, step=0.005, bias=0.5, drift=0.5, source="ours: representative shunt"
        ),
    },
    sources=(CTMS, "input limits, safe limits, sensors and fault sizes are ours"),
)


def dc_motor(
    parameters: DcMotor | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the DC motor: inputs V (V), T_load (N·m); outputs speed (rad/s), i (A).

    With the default numbers: poles −2.003 and −9.998 1/s, 0.0999 (rad/s)/V.

    Parameters
    ----------
    parameters : DcMotor, optional
        Default: the tutorial's numbers.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.

    Source: Control Tutorials for MATLAB and Simulink, DC Motor Speed.
    """
    return Plant(MODEL, parameters or DcMotor(), faults, name)
