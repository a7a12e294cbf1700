"""The pitch of an airliner in cruise: elevator in, pitch angle out, with gusts from below.

The linear short-period motion about a trimmed cruise, at constant speed and height. All angles
are deviations from trim. The pitch rate state `q` is, as in the source, in units of `Omega`.

Made for units A9 and A10. Left out: changes of speed (phugoid), large angles and stall, the
elevator's actuator, bending of the airframe.
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

CTMS = "Control Tutorials for MATLAB and Simulink, Aircraft Pitch: System Modeling"

#: Share of elevator effect, static stability and pitch damping that severity 1 takes away.
ELEVATOR_LOSS, STABILITY_LOSS, DAMPING_LOSS = 0.6, 0.8, 0.6


@dataclass(frozen=True)
class AircraftPitch(Parameters):
    """Numbers of a commercial airliner at one point of cruise."""

    Omega: float = parameter(56.7, "1/s", CTMS, "pitch rate (rad/s) for q = 1", minimum=POSITIVE)
    Z_alpha: float = parameter(-0.313, "1/s", CTMS, "lift by angle of attack", maximum=0.0)
    Z_delta: float = parameter(0.232, "1/s", CTMS, "lift by elevator")
    M_alpha: float = parameter(-0.0139, "1/s", CTMS, "pitching moment by angle of attack")
    M_q: float = parameter(-0.426, "1/s", CTMS, "pitching moment by pitch rate", maximum=0.0)
    M_delta: float = parameter(0.0203, "1/s", CTMS, "pitching moment by elevator")


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    q = x[1]
    against_air = x[0] + u[1]
    elevator = u[0] * (1.0 - ELEVATOR_LOSS * f.elevator_wear)
    M_alpha = p.M_alpha * (1.0 - STABILITY_LOSS * f.aft_load)
    M_q = p.M_q * (1.0 - DAMPING_LOSS * f.tail_ice)
    return (
        p.Z_alpha * against_air + p.Omega * q + p.Z_delta * elevator,
        M_alpha * against_air + M_q * q + p.M_delta * elevator,
        p.Omega * q,
    )


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[2], p.Omega * x[1])


def _rest(p: AircraftPitch) -> tuple[Sequence[float], Sequence[float]]:
    return [0.0, 0.0, 0.0], [0.0, 0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    return 0.2 / (math.sqrt(abs(p.M_alpha) * p.Omega) - p.Z_alpha - p.M_q + 1e-3)


MODEL = Model(
    id="aircraft_pitch",
    title="Aircraft pitch",
    industry="aviation",
    equations=r"""
$$\dot\alpha = Z_\alpha\,(\alpha + \alpha_g) + \Omega\,q + Z_\delta\,\delta$$

$$\dot q = M_\alpha\,(\alpha + \alpha_g) + M_q\,q + M_\delta\,\delta, \qquad
\dot\theta = \Omega\,q$$

with $\alpha$ = `alpha`, $\delta$ = `delta`, $\alpha_g$ = `gust`, $\theta$ = `theta`.
Output `rate` $= \Omega\,q$.
""".strip(),
    inputs=(
        Signal("delta", "rad", "elevator, nose up", -0.35, 0.35),
        Signal("gust", "rad", "angle of attack by vertical wind (disturbance)", -0.1, 0.1),
    ),
    states=(
        Signal("alpha", "rad", "angle of attack from trim"),
        Signal("q", "1", "pitch rate over Omega"),
        Signal("theta", "rad", "pitch angle from trim"),
    ),
    outputs=(
        Signal("theta", "rad", "pitch angle from trim", -0.5, 0.5),
        Signal("rate", "rad/s", "pitch rate", -0.5, 0.5),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason="a fifth of a bound on the shortest time constant (0.12 s)",
    faults=(
        Fault("elevator_wear", "elevator has 40 % of its effect"),
        Fault("aft_load", "cargo too far aft: static stability M_alpha 80 % lower"),
        Fault("tail_ice", "ice on the tail: pitch damping M_q 60 % lower"),
    ),
    sensors={
        "theta": Sensor(
            noise=0.0005, step=0.0001, bias=0.02, drift=0.02, source="ours: attitude reference"
        ),
        "rate": Sensor(
            noise=0.0005, step=0.0001, bias=0.005, drift=0.005, source="ours: rate gyroscope"
        ),
    },
    sources=(CTMS, "gust, input limits, safe limits, sensors and fault sizes are ours"),
    running_states=("theta",),
)


def aircraft_pitch(
    parameters: AircraftPitch | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the aircraft: inputs delta, gust (rad); outputs theta (rad) and rate (rad/s).

    With the default numbers: modes 0 and −0.37 ± 0.886j 1/s.

    Parameters
    ----------
    parameters : AircraftPitch, optional
        Default: the tutorial's numbers.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.

    Source: Control Tutorials for MATLAB and Simulink, Aircraft Pitch.
    """
    return Plant(MODEL, parameters or AircraftPitch(), faults, name)
