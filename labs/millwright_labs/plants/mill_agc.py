"""A rolling stand with automatic gauge control: gap, force, and a thickness gauge downstream.

Rolls spring apart under the rolling force, so the strip leaves thicker than the gap that was
set, and every change of entry thickness, of the strip's hardness or of the rolls' roundness
shows in the exit thickness. The X-ray gauge that measures it stands metres after the stand: the
strip needs time to get there, and the less speed the more.

The strip between stand and gauge is written as its thickness profile in Legendre polynomials
of length. That is the Padé [5/6] approximation of a dead time of distance over speed, with
states that mean something, right for a changing speed, and fit for linear analysis: phase
within 1° up to an angular frequency of 7 over the dead time. A sudden change, however, shows
forerunners at the gauge, up to a sixth of its size, in python-control's simulations. `Rig`
therefore follows the strip itself, point by point, and its gauge sees nothing before the strip
arrives.

The structure is that of hot and cold mills' thickness control; the numbers are representative,
not those of a certain mill.

Made for units A5, A8 and B11. Left out: tension between stands, the rate limit of the gap servo,
bending of the rolls, the change of hardness with draft and temperature.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from millwright_labs.plants.plant import (
    POSITIVE,
    Fault,
    Model,
    Parameters,
    Plant,
    Severity,
    Signal,
    Transport,
    parameter,
)
from millwright_labs.plants.sensors import Sensor

STRUCTURE = "China Steel monitor and gaugemeter control: Actuators 2024, 13(10), 415"
DELAY = "Voelker, Kajić & Eliasmith 2019, Legendre Memory Units (NeurIPS)"
OURS = "ours: representative"

#: Order of the profile between stand and gauge.
PROFILE = 6

#: The largest rate of the profile's dynamics, as a multiple of speed over distance.
PROFILE_RATE = 9.3

#: Loss of modulus, eccentricity (mm) and growth of the servo lag at severity 1.
MODULUS_LOSS, ECCENTRICITY, LAG_GROWTH = 0.3, 0.05, 4.0


@dataclass(frozen=True)
class MillAgc(Parameters):
    """Numbers of stand and strip."""

    M: float = parameter(5.0, "MN/mm", OURS, "modulus of the stand", minimum=POSITIVE)
    Q: float = parameter(10.0, "MN/mm", OURS, "stiffness of the strip", minimum=POSITIVE)
    servo_lag: float = parameter(
        0.02, "s", OURS, "time constant of the gap servo", minimum=1e-4, maximum=10.0
    )
    gauge_distance: float = parameter(
        2.0, "m", OURS, "from the stand to the X-ray gauge", minimum=1e-3, maximum=100.0
    )
    roll_radius: float = parameter(
        0.7, "m", OURS, "radius of the backup roll", minimum=0.05, maximum=5.0
    )
    S_rest: float = parameter(1.5, "mm", OURS, "gap in normal running", minimum=0.0, maximum=20.0)
    H_rest: float = parameter(
        3.0, "mm", OURS, "entry thickness in normal running", minimum=0.1, maximum=20.0
    )
    v_rest: float = parameter(
        10.0, "m/s", OURS, "strip speed in normal running", minimum=0.1, maximum=30.0
    )


def _rolling(S: float, u: Sequence[float], angle: float, p: Any, f: Any) -> tuple[float, float]:
    """Force (MN) and exit thickness (mm), where the stand's spring and the strip's agree."""
    H, hardness = u[2], u[3]
    M = p.M * (1.0 - MODULUS_LOSS * f.modulus_loss)
    Q = p.Q * hardness
    gap = S + u[4] + ECCENTRICITY * f.roll_eccentricity * math.sin(angle)
    draft = H - gap
    F = M * Q / (M + Q) * draft if draft > 0.0 else 0.0
    return F, H - F / Q


def _at_gauge(x: Sequence[float]) -> float:
    """Thickness (mm) at the far end of the profile."""
    h = 0.0
    for i in range(PROFILE):
        h += x[1 + i]
    return h


def _rhs(
    t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any, angle: float = 0.0
) -> list[float]:
    S = x[0]
    _, h = _rolling(S, u, angle, p, f)
    rate = u[1] / p.gauge_distance
    dx = [(u[0] - S) / (p.servo_lag * (1.0 + LAG_GROWTH * f.servo_wear))]
    ahead = _at_gauge(x)
    behind, inlet, weight = 0.0, h, 1.0
    for i in range(PROFILE):
        m = x[1 + i]
        ahead -= m
        behind = -m - behind
        dx.append(rate * weight * (behind - ahead + inlet))
        inlet, weight = -inlet, weight + 2.0
    return dx


def _out(
    t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any, angle: float = 0.0
) -> Sequence[float]:
    F, h = _rolling(x[0], u, angle, p, f)
    return (x[0], F, _at_gauge(x), h)


def _rhs_turning(
    t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any
) -> Sequence[float]:
    dx = _rhs(t, x, u, p, f, x[-1])
    dx.append(u[1] / p.roll_radius)
    return dx


def _out_turning(
    t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any
) -> Sequence[float]:
    return _out(t, x, u, p, f, x[-1])


def _rest(p: MillAgc) -> tuple[Sequence[float], Sequence[float]]:
    h = (p.M * p.S_rest + p.Q * p.H_rest) / (p.M + p.Q) if p.S_rest < p.H_rest else p.H_rest
    return [p.S_rest, h] + [0.0] * (PROFILE - 1), [p.S_rest, p.v_rest, p.H_rest, 1.0, 0.0]


def _rest_turning(p: MillAgc) -> tuple[Sequence[float], Sequence[float]]:
    x0, u0 = _rest(p)
    return [*x0, 0.0], u0


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    return 0.15 / max(
        1.0 / p.servo_lag, PROFILE_RATE * u[1] / p.gauge_distance, 2.0 * u[1] / p.roll_radius
    )


MODEL = Model(
    id="mill_agc",
    title="Rolling stand with thickness control",
    industry="steel",
    equations=r"""
$$h = S + e + \frac{F}{M}, \qquad F = Q\,q\,(H - h) \ge 0$$

$$\tau\,\dot S = S_\mathrm{ref} - S$$

$$h_\mathrm{gauge}(t) = h(t - \theta), \qquad \int_{t-\theta}^{t} v\,\mathrm dt = \ell$$

with $q$ = `hardness`, $e$ = `eccentricity`, $\tau$ = `servo_lag`, $\ell$ = `gauge_distance`.
For python-control the strip between stand and gauge is a profile of six Legendre coefficients
$m_i$ (Padé [5/6]):

$$\dot m_i = \frac{v}{\ell}\,(2i+1)
\Bigl[(-1)^i h + \sum_{j \le i} (-1)^{i-j+1} m_j - \sum_{j>i} m_j\Bigr], \qquad
h_\mathrm{gauge} = \sum_i m_i$$
""".strip(),
    inputs=(
        Signal("S_ref", "mm", "set point of the gap", 0.0, 10.0),
        Signal("v", "m/s", "strip speed", 1.0, 20.0),
        Signal("H", "mm", "entry thickness (disturbance)", 0.5, 10.0),
        Signal("hardness", "1", "strip's hardness over nominal (disturbance)", 0.5, 2.0),
        Signal("eccentricity", "mm", "roll eccentricity (disturbance)", -0.2, 0.2),
    ),
    states=(
        Signal("S", "mm", "roll gap without load"),
        *(
            Signal(f"m{i}", "mm", f"thickness profile to the gauge, coefficient {i}")
            for i in range(PROFILE)
        ),
    ),
    outputs=(
        Signal("S", "mm", "roll gap without load", 0.0, 10.0),
        Signal("F", "MN", "rolling force", 0.0, 25.0),
        Signal("h_gauge", "mm", "exit thickness at the X-ray gauge", 0.2, 10.0),
        Signal("h", "mm", "exit thickness in the roll gap", 0.2, 10.0),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason=(
        "0.15 of the shortest of servo lag, strip profile and roll angle (3 ms at 10 m/s)"
    ),
    faults=(
        Fault("modulus_loss", "modulus M of the stand 30 % below its data sheet"),
        Fault(
            "roll_eccentricity",
            "backup roll out of round by 0.05 mm amplitude, once a turn (adds a state)",
        ),
        Fault("servo_wear", "gap servo five times as slow (leaking valve)"),
    ),
    sensors={
        "S": Sensor(noise=0.0005, step=0.0005, bias=0.02, drift=0.01, source=OURS),
        "F": Sensor(noise=0.01, step=0.005, low=0.0, high=30.0, bias=0.3, drift=0.1, source=OURS),
        "h_gauge": Sensor(noise=0.002, step=0.0005, bias=0.02, drift=0.01, source=OURS),
    },
    sources=(STRUCTURE, DELAY, "all numbers are ours: representative, not of a certain mill"),
    transports=(Transport("h_gauge", "h", "gauge_distance", "v"),),
)

_TURNING = replace(
    MODEL,
    states=(*MODEL.states, Signal("roll_angle", "rad", "angle of the backup roll")),
    rest=_rest_turning,
    rhs=_rhs_turning,
    out=_out_turning,
    running_states=("roll_angle",),
)


def mill_agc(
    parameters: MillAgc | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the stand: gap and strip in, gap, force and thickness out.

    Inputs S_ref, H, eccentricity (mm), v (m/s), hardness (1); outputs S, h_gauge, h (mm), F (MN).
    With the default numbers the gap-to-thickness gain is 1/3, and 2 m at 10 m/s are a dead
    time of 0.2 s. ``h``, the thickness in the roll gap, is calculated and not measured: no
    gauge can stand there, so a rig's measurement does not hold it.

    Parameters
    ----------
    parameters : MillAgc, optional
        Default: representative numbers of ours.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card. Eccentricity adds a state, the roll's angle.
    name : str, optional
        The system's name.

    Source: structure after Actuators 2024, 13(10), 415; the numbers are representative.
    """
    model = _TURNING if "roll_eccentricity" in (faults or {}) else MODEL
    return Plant(model, parameters or MillAgc(), faults, name)
