"""A quarter of a car on a test rig: body, wheel, suspension, tyre, and a road that moves below.

A force between body and wheel makes the suspension active. All heights are measured from where
body and wheel stand still on a flat road, so that weight need not be written.

`road_profile` gives a road to drive on, after the classes of ISO 8608.

Made for units A10 and B2. Left out: bump stops, the tyre lifting off the road, a damper that is
softer in compression than in rebound, the dynamics of the actuator.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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

TABLE = "Shock and Vibration 2021, article 1426003, Table 1"
ISO = "ISO 8608:2016, geometric means of the road classes"
OURS = "ours: representative"

#: Share of damping, stiffness, tyre stiffness and actuator force that severity 1 takes away.
DAMPER_LOSS, SAG, TYRE_LOSS, FORCE_LOSS = 0.8, 0.3, 0.4, 0.6

#: Displacement spectral density (m³) at 0.1 cycles a metre, by road class (ISO 8608).
ROAD_CLASSES = {"A": 16e-6, "B": 64e-6, "C": 256e-6, "D": 1024e-6, "E": 4096e-6}

#: Reference spatial frequency, and the band that a car feels (cycles/m; ISO 8608).
REFERENCE_FREQUENCY, LOWEST_FREQUENCY, HIGHEST_FREQUENCY = 0.1, 0.011, 2.83

#: Waves that make a road.
WAVES = 400


@dataclass(frozen=True)
class QuarterCar(Parameters):
    """Numbers of one corner of the car."""

    ms: float = parameter(400.0, "kg", TABLE, "mass of the body's quarter", minimum=POSITIVE)
    mu: float = parameter(45.0, "kg", TABLE, "mass of wheel and axle", minimum=POSITIVE)
    k: float = parameter(25e3, "N/m", TABLE, "stiffness of the suspension", minimum=POSITIVE)
    kt: float = parameter(150e3, "N/m", TABLE, "stiffness of the tyre", minimum=POSITIVE)
    c: float = parameter(2200.0, "N·s/m", TABLE, "damping of the suspension", minimum=0.0)


def _suspension(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    """Force (N) that lifts the body and presses the wheel down."""
    k = p.k * (1.0 - SAG * f.spring_sag)
    c = p.c * (1.0 - DAMPER_LOSS * f.damper_wear)
    force = u[0] * (1.0 - FORCE_LOSS * f.actuator_wear)
    return force - k * (x[0] - x[2]) - c * (x[1] - x[3])


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    lift = _suspension(x, u, p, f)
    tyre = p.kt * (1.0 - TYRE_LOSS * f.tyre_leak) * (u[1] - x[2])
    return (x[1], lift / p.ms, x[3], (tyre - lift) / p.mu)


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[0] - x[2], _suspension(x, u, p, f) / p.ms, x[2] - u[1])


def _rest(p: QuarterCar) -> tuple[Sequence[float], Sequence[float]]:
    return [0.0, 0.0, 0.0, 0.0], [0.0, 0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    stiff = math.sqrt((p.k + p.kt) / p.mu + p.k / p.ms)
    return 0.15 / (stiff + p.c / p.mu + p.c / p.ms)


MODEL = Model(
    id="quarter_car",
    title="Quarter car",
    industry="automobile",
    equations=r"""
$$m_s\,\ddot z_s = F_s, \qquad m_u\,\ddot z_u = k_t\,(z_r - z_u) - F_s$$

$$F_s = F - k\,(z_s - z_u) - c\,(\dot z_s - \dot z_u)$$

with $z_s$, $\dot z_s$ = `z_body`, `v_body`, $z_u$, $\dot z_u$ = `z_wheel`, `v_wheel`,
$z_r$ = `z_road`. Outputs: `travel` $= z_s - z_u$, `a_body` $= \ddot z_s$,
`tyre` $= z_u - z_r$.
""".strip(),
    inputs=(
        Signal("F", "N", "force of the actuator, up on the body", -2000.0, 2000.0),
        Signal("z_road", "m", "height of the road (disturbance)", -0.1, 0.1),
    ),
    states=(
        Signal("z_body", "m", "height of the body"),
        Signal("v_body", "m/s", "speed of the body, up"),
        Signal("z_wheel", "m", "height of the wheel"),
        Signal("v_wheel", "m/s", "speed of the wheel, up"),
    ),
    outputs=(
        Signal("travel", "m", "travel of the suspension, apart", -0.1, 0.1),
        Signal("a_body", "m/s²", "acceleration of the body, up", -30.0, 30.0),
        Signal("tyre", "m", "deflection of the tyre, apart (calculated)", -0.05, 0.025),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason=("0.15 of a bound on the shortest time constant (1.3 ms with the default numbers)"),
    faults=(
        Fault("damper_wear", "damping c 80 % lower (oil lost)"),
        Fault("spring_sag", "stiffness k of the suspension 30 % lower"),
        Fault("tyre_leak", "stiffness kt of the tyre 40 % lower"),
        Fault("actuator_wear", "actuator gives 40 % of the force it is told"),
    ),
    sensors={
        "travel": Sensor(
            noise=0.0002, step=0.0001, bias=0.01, drift=0.005, source="ours: displacement sensor"
        ),
        "a_body": Sensor(
            noise=0.05,
            step=0.01,
            low=-50.0,
            high=50.0,
            bias=0.5,
            drift=0.5,
            source="ours: ±5 g accelerometer",
        ),
    },
    sources=(TABLE, "input limits, safe limits, sensors and fault sizes are ours"),
)


def quarter_car(
    parameters: QuarterCar | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the quarter car: inputs F (N), z_road (m); outputs travel, tyre (m), a_body (m/s²).

    With the default numbers the body bounces at 1.20 Hz (damping ratio 0.28), the wheel hops at
    9.66 Hz (0.41). ``tyre``, its deflection, is calculated and not measured: it tells how well
    the tyre holds the road (it lifts off above 0.029 m).

    Parameters
    ----------
    parameters : QuarterCar, optional
        Default: the published numbers.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.

    Source: Shock and Vibration 2021, article 1426003, Table 1.
    """
    return Plant(MODEL, parameters or QuarterCar(), faults, name)


def road_profile(
    distance: Sequence[float] | np.ndarray, road_class: str = "C", seed: int | None = None
) -> np.ndarray:
    """Draw a road of an ISO 8608 class.

    Its displacement spectral density falls with the square of spatial frequency, from 0.011 to
    2.83 cycles a metre. It is made of 400 waves, one drawn in each band of equal ratio, so that
    it does not repeat itself.

    Parameters
    ----------
    distance : array_like, shape (n,)
        Places along the road (m). At a speed v, place ``v * t`` passes at time t.
    road_class : {"A", "B", "C", "D", "E"}
        From very good to very poor.
    seed : int, optional
        The same seed gives the same road.

    Returns
    -------
    ndarray, shape (n,)
        Height (m), about zero.

    Raises
    ------
    ParameterError
        For an unknown class, or places that are not numbers.

    Source: ISO 8608:2016.
    """
    if road_class not in ROAD_CLASSES:
        raise ParameterError(
            f"There is no road class {road_class!r}. Choose from: {', '.join(ROAD_CLASSES)}."
        )
    try:
        places = np.asarray(distance, dtype=float)
    except (TypeError, ValueError):
        places = np.array(math.nan)
    if places.ndim != 1 or not np.all(np.isfinite(places)):
        raise ParameterError("The places along the road must be a list of numbers in metres.")
    rng = np.random.default_rng(seed)
    edges = np.geomspace(LOWEST_FREQUENCY, HIGHEST_FREQUENCY, WAVES + 1)
    width = np.diff(edges)
    n = edges[:-1] + width * rng.random(WAVES)
    phase = rng.uniform(0.0, 2 * math.pi, WAVES)
    # The mean density of each band, so that its power is exact wherever in it the wave lies.
    density = ROAD_CLASSES[road_class] * REFERENCE_FREQUENCY**2 / (edges[1:] * edges[:-1])
    waves = np.sqrt(2 * density * width)
    height = np.empty(len(places))
    # In pieces, because waves times places may not fit into memory.
    for first in range(0, len(places), 4096):
        piece = slice(first, first + 4096)
        height[piece] = np.cos(2 * math.pi * np.outer(places[piece], n) + phase) @ waves
    return height
