"""A car on a road with hills, as its cruise control sees it: throttle in, speed out.

The engine's torque has its best speed and falls off on both sides; the gear says where on that
curve the engine runs. Rolling resistance turns round at standstill within `stick_speed`.

Made for units A1 and A11. Left out: shifting, the engine's lag, brakes, slip of the tyres, wind.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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

CRUISE = "python-control, examples/cruise.ipynb, after Åström & Murray, Feedback Systems"
OURS = "ours: representative"

#: Acceleration of gravity (m/s²), as in the source.
GRAVITY = 9.8

#: Gear and wheel together: radians of the engine a metre of road, by gear.
GEARS = {1: 40.0, 2: 25.0, 3: 16.0, 4: 12.0, 5: 10.0}

#: At severity 1: share of torque lost, rolling resistance added as a multiple, share of drag added.
TORQUE_LOSS, ROLLING_GROWTH, DRAG_GROWTH = 0.3, 1.0, 0.5


@dataclass(frozen=True)
class CarCruise(Parameters):
    """Numbers of the car; the default gear is the fourth."""

    m: float = parameter(1600.0, "kg", CRUISE, "mass with passengers", minimum=100.0)
    gear_ratio: float = parameter(
        12.0, "rad/m", CRUISE, "turn of the engine by way on the road", minimum=POSITIVE
    )
    T_max: float = parameter(190.0, "N·m", CRUISE, "greatest torque", minimum=POSITIVE)
    omega_max: float = parameter(
        420.0, "rad/s", CRUISE, "engine speed of the greatest torque", minimum=1.0
    )
    beta: float = parameter(0.4, "1", CRUISE, "fall of torque off that speed", minimum=0.0)
    C_r: float = parameter(0.01, "1", CRUISE, "rolling resistance", minimum=0.0)
    C_d: float = parameter(0.32, "1", CRUISE, "drag coefficient", minimum=0.0)
    rho: float = parameter(1.3, "kg/m³", CRUISE, "density of air", minimum=0.0)
    area: float = parameter(2.4, "m²", CRUISE, "frontal area", minimum=0.0)
    stick_speed: float = parameter(
        0.1, "m/s", OURS, "speed over which rolling resistance turns round", minimum=1e-3
    )
    v_rest: float = parameter(
        20.0, "m/s", "ours: as in the source's example", "cruising speed", minimum=1.0, maximum=60.0
    )


def _torque(v: float, p: Any, f: Any) -> float:
    """Torque (N·m) of the engine at full throttle."""
    off = p.gear_ratio * v / p.omega_max - 1.0
    return p.T_max * (1.0 - p.beta * off * off) * (1.0 - TORQUE_LOSS * f.engine_wear)


def _resistance(v: float, slope: float, p: Any, f: Any) -> float:
    """Force (N) against the motion: hill, tyres, air."""
    rolling = p.C_r * (1.0 + ROLLING_GROWTH * f.tyre_pressure_loss)
    drag = 0.5 * p.rho * p.C_d * p.area * (1.0 + DRAG_GROWTH * f.roof_box)
    hill = p.m * GRAVITY * math.sin(slope)
    return hill + p.m * GRAVITY * rolling * math.tanh(v / p.stick_speed) + drag * v * abs(v)


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    v = x[0]
    force = p.gear_ratio * u[0] * _torque(v, p, f) - _resistance(v, u[1], p, f)
    return (force / p.m,)


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[0], p.gear_ratio * x[0])


def _rest(p: CarCruise) -> tuple[Sequence[float], Sequence[float]]:
    v = p.v_rest
    rolling = p.m * GRAVITY * p.C_r * math.tanh(v / p.stick_speed)
    resistance = rolling + 0.5 * p.rho * p.C_d * p.area * v * v
    off = p.gear_ratio * v / p.omega_max - 1.0
    return [v], [resistance / (p.gear_ratio * p.T_max * (1.0 - p.beta * off * off)), 0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    v = abs(x[0]) + 1.0
    engine = 2.0 * p.gear_ratio * p.T_max * p.beta * p.gear_ratio / p.omega_max
    drag = 2.0 * p.rho * p.C_d * p.area * v
    rate = (engine * (1.0 + p.gear_ratio * v / p.omega_max) + drag) / p.m
    if abs(x[0]) < 50.0 * p.stick_speed:
        rate += 2.0 * GRAVITY * p.C_r / p.stick_speed
    return min(0.2 / rate, 1.0)


MODEL = Model(
    id="car_cruise",
    title="Car with cruise control",
    industry="automobile",
    equations=r"""
$$m\,\dot v = \alpha\,u\,T(\alpha v) - m g \sin\theta - m g\,C_r \tanh\frac{v}{v_s} -
\tfrac12 \rho\,C_d A\,v\,|v|$$

$$T(\omega) = T_\mathrm{max}\Bigl[1 - \beta\Bigl(\frac{\omega}{\omega_\mathrm{max}} - 1\Bigr)^2
\Bigr], \qquad \omega = \alpha\,v$$

with $u$ = `throttle`, $\theta$ = `slope`, $\alpha$ = `gear_ratio`, $A$ = `area`,
$v_s$ = `stick_speed`, $\omega$ = `engine_speed`.
""".strip(),
    inputs=(
        Signal("throttle", "1", "opening of the throttle", 0.0, 1.0),
        Signal("slope", "rad", "slope of the road, up (disturbance)", -0.15, 0.15),
    ),
    states=(Signal("v", "m/s", "speed of the car"),),
    outputs=(
        Signal("v", "m/s", "speed of the car", -1.0, 60.0),
        Signal("engine_speed", "rad/s", "speed of the engine", -50.0, 650.0),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason="a fifth of a bound on the car's time constant, at most 1 s",
    faults=(
        Fault("engine_wear", "torque 30 % lower"),
        Fault("tyre_pressure_loss", "rolling resistance doubled (flat tyres)"),
        Fault("roof_box", "drag 50 % higher (roof box, open windows)"),
    ),
    sensors={
        "v": Sensor(noise=0.05, step=0.05, low=0.0, high=80.0, bias=0.5, drift=0.2, source=OURS),
        "engine_speed": Sensor(noise=0.5, step=0.5, bias=5.0, drift=2.0, source=OURS),
    },
    sources=(CRUISE, "limits, sensors and fault sizes are ours"),
    variants={f"gear {gear}": CarCruise(gear_ratio=ratio) for gear, ratio in GEARS.items()},
)


def car_cruise(
    gear: int = 4,
    parameters: CarCruise | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the car: inputs throttle (0 to 1), slope (rad); outputs v (m/s), engine_speed (rad/s).

    At 20 m/s on a flat road in fourth gear: throttle 0.1687, and linearised there
    dv/dt = −0.0101 v + 1.320 throttle − 9.8 slope.

    Parameters
    ----------
    gear : {1, 2, 3, 4, 5}
        The gear engaged.
    parameters : CarCruise, optional
        Own numbers; `gear` is not looked at then.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.

    Source: python-control, examples/cruise.ipynb, after Åström & Murray, Feedback Systems.
    """
    if parameters is None:
        if gear not in GEARS:
            raise ParameterError(f"There is no gear {gear!r}. Choose from: 1, 2, 3, 4, 5.")
        parameters = CarCruise(gear_ratio=GEARS[gear])
    return Plant(MODEL, parameters, faults, name)
