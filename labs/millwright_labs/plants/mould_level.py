"""The level of liquid steel in the mould of a continuous caster, held by a stopper rod.

Steel flows from the tundish past the stopper into the mould, and leaves below as the strand that
is being drawn. The level adds up every difference, so it does not settle by itself. The strand
bulges between its rolls, which pumps the level up and down a few times in ten seconds.

Mould and casting speed are those of a slab caster; all numbers are representative, not those of a
certain machine.

Made for units A5 and A8. Left out: waves in the mould, the flow's delay in the nozzle, argon, the
change of flow gain with stopper wear.
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

OURS = "ours: representative"

#: At severity 1: share of flow lost, amplitude of the level's wave (mm), growth of the servo lag.
CLOGGING, WAVE, LAG_GROWTH = 0.4, 3.0, 4.0


@dataclass(frozen=True)
class MouldLevel(Parameters):
    """Numbers of mould, stopper and strand."""

    width: float = parameter(1.2, "m", OURS, "width of the mould", minimum=0.05)
    thickness: float = parameter(0.22, "m", OURS, "thickness of the mould", minimum=0.02)
    flow_gain: float = parameter(
        0.528, "L/(s·mm)", OURS, "flow by opening of the stopper at 1 m of steel", minimum=POSITIVE
    )
    servo_lag: float = parameter(
        0.1, "s", OURS, "time constant of the stopper's servo", minimum=1e-3, maximum=10.0
    )
    bulging_frequency: float = parameter(
        0.2, "Hz", OURS, "frequency of the bulging wave", minimum=0.01, maximum=1.0
    )
    v_rest: float = parameter(
        1.2, "m/min", OURS, "casting speed in normal running", minimum=0.1, maximum=3.0
    )
    head_rest: float = parameter(
        1.0, "m", OURS, "steel above the stopper in normal running", minimum=0.1, maximum=2.0
    )


def _inflow(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    """Flow (L/s) past the stopper."""
    head = u[2] if u[2] > 1e-3 else 1e-3
    return p.flow_gain * (1.0 - CLOGGING * f.clogging) * x[1] * math.sqrt(head)


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    area = p.width * p.thickness
    outflow = 1000.0 * area * u[1] / 60.0
    omega = 2.0 * math.pi * p.bulging_frequency
    # One litre a second on one square metre is one millimetre a second.
    wave = WAVE * f.bulging_wave * omega * math.cos(omega * t)
    return (
        (_inflow(x, u, p, f) - outflow + u[3]) / area + wave,
        (u[0] - x[1]) / (p.servo_lag * (1.0 + LAG_GROWTH * f.servo_wear)),
    )


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[0], x[1])


def _rest(p: MouldLevel) -> tuple[Sequence[float], Sequence[float]]:
    outflow = 1000.0 * p.width * p.thickness * p.v_rest / 60.0
    stopper = outflow / (p.flow_gain * math.sqrt(p.head_rest))
    return [0.0, stopper], [stopper, p.v_rest, p.head_rest, 0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    return min(0.2 * p.servo_lag, 0.02 / p.bulging_frequency)


MODEL = Model(
    id="mould_level",
    title="Mould level",
    industry="steel",
    equations=r"""
$$A\,\dot h = k\,s\,\sqrt{H/1\,\mathrm m} - A\,v_c + q_b, \qquad
\tau\,\dot s = s_\mathrm{ref} - s$$

with $h$ = `level`, $s$ = `opening`, $s_\mathrm{ref}$ = `stopper`, $H$ = `head`,
$q_b$ = `bulging`, $k$ = `flow_gain`, $\tau$ = `servo_lag`, $A$ = `width` times `thickness`.
""".strip(),
    inputs=(
        Signal("stopper", "mm", "set point of the stopper's opening", 0.0, 30.0),
        Signal("v_c", "m/min", "casting speed", 0.3, 2.5),
        Signal("head", "m", "steel above the stopper (disturbance)", 0.3, 1.3),
        Signal("bulging", "L/s", "flow pressed out of the strand (disturbance)", -2.0, 2.0),
    ),
    states=(
        Signal("level", "mm", "level of the steel from its set point"),
        Signal("opening", "mm", "opening of the stopper"),
    ),
    outputs=(
        Signal("level", "mm", "level of the steel from its set point", -75.0, 75.0),
        Signal("opening", "mm", "opening of the stopper", 0.0, 30.0),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason="a fifth of the servo's lag and a fiftieth of the bulging wave (20 ms)",
    faults=(
        Fault("clogging", "alumina in the nozzle: flow 40 % lower at every opening"),
        Fault("bulging_wave", "strand bulges: level moved by ±3 mm at bulging_frequency"),
        Fault("servo_wear", "stopper's servo five times as slow"),
    ),
    sensors={
        "level": Sensor(
            noise=0.3,
            step=0.1,
            low=-75.0,
            high=75.0,
            bias=3.0,
            drift=2.0,
            source="ours: eddy-current sensor",
        ),
        "opening": Sensor(noise=0.02, step=0.01, bias=0.5, drift=0.2, source=OURS),
    },
    sources=("all numbers are ours: representative of a slab caster",),
    running_states=("level",),
)


def mould_level(
    parameters: MouldLevel | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the mould: stopper (mm), v_c (m/min), head (m), bulging (L/s) in; level (mm) out.

    The default mould has 0.264 m² and casts 5.28 L/s. Its second output is the stopper's opening.

    Parameters
    ----------
    parameters : MouldLevel, optional
        Default: representative numbers of ours.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.
    """
    return Plant(MODEL, parameters or MouldLevel(), faults, name)
