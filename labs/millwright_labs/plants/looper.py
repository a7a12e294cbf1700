"""A looper between two stands of a hot strip mill: an arm that lifts the strip to hold tension.

Any difference of speed between the stands stretches or slackens the strip. The arm takes up
length as it rises, and its torque sets the tension it rises against, so angle and tension are two
coupled outputs of two inputs. Forward slip gives way to tension a little: the higher the tension,
the faster the strip leaves the upstream stand, and this is what makes the tension settle.

Geometry and strip enter exactly; `linearize` gives the 2×2 model. A slack strip carries no
tension (the state below zero is the length that is too much, as the stress that is missing).

Structure as in the literature of looper control; the numbers are representative, not those of a
certain mill.

Made for unit A12. Left out: bending of the strip, its mass when the arm accelerates, the current
loop of the looper's motor, the speed drop of stands at threading.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from millwright_labs.plants.plant import (
    Fault,
    Model,
    Parameters,
    Plant,
    Severity,
    Signal,
    parameter,
)
from millwright_labs.plants.sensors import Sensor

STRUCTURE = "J. Cent. South Univ. 2017, 24:1369 (predictive control of looper height and tension)"
OURS = "ours: representative"

GRAVITY = 9.81

#: Density (kg/m³) of steel.
DENSITY = 7850.0

#: The arm's stops (rad), and their stiffness (kN·m/rad) and damping (kN·m·s/rad).
LOWEST, HIGHEST, STOP_STIFFNESS, STOP_DAMPING = 0.0, 1.2, 5000.0, 20.0

#: At severity 1: friction of the bearings (kN·m·s/rad), share of torque lost, growth of the lag.
FRICTION, TORQUE_LOSS, LAG_GROWTH = 2.0, 0.2, 4.0


@dataclass(frozen=True)
class Looper(Parameters):
    """Numbers of arm, strip and stands."""

    arm: float = parameter(0.75, "m", OURS, "length of the arm", minimum=0.1, maximum=3.0)
    J: float = parameter(0.55, "t·m²", OURS, "inertia of arm and motor", minimum=1e-3)
    area: float = parameter(
        3750.0, "mm²", "ours: strip of 3 mm by 1,250 mm", "section of the strip", minimum=1.0
    )
    span: float = parameter(5.5, "m", OURS, "between the stands", minimum=1.0, maximum=20.0)
    pivot: float = parameter(1.9, "m", OURS, "from the upstream stand to the pivot", minimum=0.1)
    depth: float = parameter(0.15, "m", OURS, "pivot below the pass line", minimum=0.0)
    mass: float = parameter(1000.0, "kg", OURS, "mass of the arm, at its middle", minimum=0.0)
    E: float = parameter(1e5, "MPa", OURS, "modulus of the hot strip", minimum=1.0)
    damping: float = parameter(0.5, "kN·m·s/rad", OURS, "damping of the arm", minimum=0.0)
    slip: float = parameter(0.0005, "m/(s·MPa)", OURS, "exit speed gained by tension", minimum=1e-6)
    drive_lag: float = parameter(
        0.05, "s", OURS, "time constant of the stand's speed", minimum=1e-3, maximum=10.0
    )
    theta_rest: float = parameter(
        0.35, "rad", OURS, "angle in normal running", minimum=0.25, maximum=1.0
    )
    sigma_rest: float = parameter(
        10.0, "MPa", OURS, "tension in normal running", minimum=0.1, maximum=100.0
    )


def lever(theta: float, p: Any) -> float:
    """Length (m) of strip that the arm takes up for each radian, at an angle (rad)."""
    x = p.pivot + p.arm * math.cos(theta)
    height = p.arm * math.sin(theta) - p.depth
    front, rear = math.atan2(height, x), math.atan2(height, p.span - x)
    return p.arm * (math.sin(theta + rear) - math.sin(theta - front))


def _weight(theta: float, p: Any) -> float:
    """Torque (kN·m) of the arm's weight and of half the strip's."""
    strip = 0.5 * DENSITY * p.area * 1e-6 * p.span
    return 1e-3 * GRAVITY * p.arm * math.cos(theta) * (0.5 * p.mass + strip)


def _stop(theta: float, omega: float) -> float:
    """Torque (kN·m) of the arm's stops against the motion; they never pull."""
    over = theta - HIGHEST
    if over > 0.0:
        return max(0.0, STOP_STIFFNESS * over + STOP_DAMPING * omega)
    under = theta - LOWEST
    if under < 0.0:
        return min(0.0, STOP_STIFFNESS * under + STOP_DAMPING * omega)
    return 0.0


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    theta, omega, sigma, dv = x[0], x[1], x[2], x[3]
    tension = sigma if sigma > 0.0 else 0.0
    take_up = lever(theta, p)
    torque = u[0] * (1.0 - TORQUE_LOSS * f.torque_loss)
    friction = (p.damping + FRICTION * f.bearing_wear) * omega
    against = 1e-3 * tension * p.area * take_up + _weight(theta, p) + friction
    difference = u[2] - dv - p.slip * (tension - p.sigma_rest)
    return (
        omega,
        (torque - against - _stop(theta, omega)) / p.J,
        p.E / p.span * (take_up * omega + difference),
        (u[1] - dv) / (p.drive_lag * (1.0 + LAG_GROWTH * f.drive_wear)),
    )


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[0], x[2] if x[2] > 0.0 else 0.0)


def _rest(p: Looper) -> tuple[Sequence[float], Sequence[float]]:
    theta = p.theta_rest
    torque = 1e-3 * p.sigma_rest * p.area * lever(theta, p) + _weight(theta, p)
    return [theta, 0.0, p.sigma_rest, 0.0], [torque, 0.0, 0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    stretch = p.E / p.span
    take_up = lever(x[0], p) + 0.1 * p.arm
    spring = math.sqrt(1e-3 * stretch * p.area * take_up * take_up / p.J)
    rate = spring + stretch * p.slip + (p.damping + FRICTION * f.bearing_wear) / p.J
    if x[0] + 0.02 * abs(x[1]) > HIGHEST or x[0] - 0.02 * abs(x[1]) < LOWEST:
        rate += math.sqrt(STOP_STIFFNESS / p.J) + STOP_DAMPING / p.J
    return min(0.1 / rate, 0.2 * p.drive_lag)


MODEL = Model(
    id="looper",
    title="Looper",
    industry="steel",
    equations=r"""
$$J\,\ddot\theta = T - \sigma A\,\ell'(\theta) - T_g(\theta) - b\,\dot\theta, \qquad
T_g = g R \cos\theta\,\bigl(\tfrac12 m + \tfrac12 \rho A L\bigr)$$

$$\dot\sigma = \frac EL\,\bigl[\ell'(\theta)\,\dot\theta + w - \Delta v - s\,(\sigma - \sigma_0)
\bigr], \qquad \tau\,\Delta\dot v = \Delta v_\mathrm{ref} - \Delta v$$

$$\ell'(\theta) = R\,[\sin(\theta + \beta) - \sin(\theta - \alpha)], \qquad
\tan\alpha = \frac{y}{x}, \quad \tan\beta = \frac{y}{L - x}$$

$$x = x_0 + R \cos\theta, \qquad y = R \sin\theta - y_0$$

with $\theta$ = `theta`, $\sigma$ = `sigma`, $\Delta v_\mathrm{ref}$ = `dv_ref`, $w$ = `draw`,
$R$ = `arm`, $L$ = `span`, $A$ = `area`, $x_0$ = `pivot`, $y_0$ = `depth`, $s$ = `slip`,
$\sigma_0$ = `sigma_rest`, $\tau$ = `drive_lag`; where $\sigma < 0$ the strip is slack.
""".strip(),
    inputs=(
        Signal("T", "kN·m", "torque of the looper's motor", 0.0, 15.0),
        Signal("dv_ref", "m/s", "trim of the upstream stand's speed", -0.02, 0.02),
        Signal("draw", "m/s", "speed the next stand draws more (disturbance)", -0.02, 0.02),
    ),
    states=(
        Signal("theta", "rad", "angle of the arm"),
        Signal("omega", "rad/s", "angular speed of the arm"),
        Signal("sigma", "MPa", "tension of the strip; below zero it is slack"),
        Signal("dv", "m/s", "speed of the upstream stand from its setting"),
    ),
    outputs=(
        Signal("theta", "rad", "angle of the arm", 0.05, 1.1),
        Signal("sigma", "MPa", "tension of the strip", 0.0, 60.0),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason=(
        "a tenth of a bound on the time constants of arm and strip (2 ms), less at a stop"
    ),
    faults=(
        Fault("bearing_wear", "bearings drag: 2 kN·m·s/rad of damping more"),
        Fault("torque_loss", "motor gives 80 % of the torque it is told"),
        Fault("drive_wear", "drive of the upstream stand five times as slow"),
    ),
    sensors={
        "theta": Sensor(noise=0.0005, step=0.0005, bias=0.02, drift=0.01, source="ours: resolver"),
        "sigma": Sensor(
            noise=0.2, step=0.05, low=0.0, high=100.0, bias=1.0, drift=0.5, source="ours: load cell"
        ),
    },
    sources=(STRUCTURE, "all numbers are ours: representative, not of a certain mill"),
)


def looper(
    parameters: Looper | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the looper: inputs T (kN·m), dv_ref, draw (m/s); outputs theta (rad), sigma (MPa).

    With the default numbers arm and strip swing at 3.2 Hz, and 5 mm/s of speed are 10 MPa.

    Parameters
    ----------
    parameters : Looper, optional
        Default: representative numbers of ours.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.

    Source: structure after J. Cent. South Univ. 2017, 24:1369; the numbers are representative.
    """
    return Plant(MODEL, parameters or Looper(), faults, name)
