"""Two coupled heating zones with slow thermometers, as in a reheating furnace.

The model is that of the Temperature Control Laboratory, a pocket heater that stands on many
school benches. A furnace zone has the same structure, with minutes for seconds.

Made for units A3 and A4. Left out: radiation, which grows with the fourth power of temperature,
the moving charge, and the delay of the burner.
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

TCLAB = "TCLabModel, jckantor/TCLab, tclab/tclab.py"


@dataclass(frozen=True)
class FurnaceZone(Parameters):
    """Numbers of the two zones."""

    T_ambient: float = parameter(
        21.0, "°C", TCLAB, "temperature around the zones", minimum=-50.0, maximum=100.0
    )
    P1: float = parameter(
        200.0, "PWM", TCLAB, "largest power of heater 1", minimum=0.0, maximum=255.0
    )
    P2: float = parameter(
        100.0, "PWM", TCLAB, "largest power of heater 2", minimum=0.0, maximum=255.0
    )
    alpha: float = parameter(
        1.0 / 5720.0, "°C/(s·PWM·%)", TCLAB, "heating rate by power and percent", minimum=POSITIVE
    )
    loss: float = parameter(
        1.0 / 20.0, "1/s", TCLAB, "heat lost to the surroundings", minimum=POSITIVE, maximum=1e3
    )
    coupling: float = parameter(
        1.0 / 100.0, "1/s", TCLAB, "heat exchanged between the zones", minimum=0.0, maximum=1e3
    )
    sensor_lag: float = parameter(140.0, "s", TCLAB, "time constant of a thermometer", minimum=1e-3)


def _heater(Q: float, wear: float, stuck: float, limit: float) -> float:
    """Percent of the sound heater's power that arrives at command `Q`."""
    return (
        min(max(Q, 100.0 * stuck), 100.0 * (1.0 - limit)) * (1.0 - wear)
        if (wear or stuck or limit)
        else Q
    )


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    H1, H2, S1, S2 = x
    Q1 = _heater(u[0], f.heater_wear, f.Q1_stuck, f.Q1_limit)
    Q2 = _heater(u[1], f.heater_wear_2, f.Q2_stuck, f.Q2_limit)
    exchange = p.coupling * (H1 - H2)
    return (
        p.alpha * p.P1 * Q1 - p.loss * (H1 - p.T_ambient) - exchange,
        p.alpha * p.P2 * Q2 - p.loss * (H2 - p.T_ambient) + exchange,
        (H1 - S1) / p.sensor_lag,
        (H2 - S2) / p.sensor_lag,
    )


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[2], x[3])


def _rest(p: FurnaceZone) -> tuple[Sequence[float], Sequence[float]]:
    return [p.T_ambient] * 4, [0.0, 0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    return 0.2 / max(p.loss + 2.0 * p.coupling, 1.0 / p.sensor_lag)


_THERMOMETER = Sensor(
    noise=0.043,
    step=0.3223,
    low=-50.0,
    high=132.2,
    bias=3.0,
    drift=4.0,
    source=f"{TCLAB}: noise, converter step and range; fault sizes representative",
)

MODEL = Model(
    id="furnace_zone",
    title="Furnace zone",
    industry="steel",
    equations=r"""
$$\dot H_1 = \alpha P_1 Q_1 - k_\mathrm{loss}\,(H_1 - T_\mathrm{ambient}) - k_{12}\,(H_1 - H_2)$$

$$\dot H_2 = \alpha P_2 Q_2 - k_\mathrm{loss}\,(H_2 - T_\mathrm{ambient}) + k_{12}\,(H_1 - H_2)$$

$$\tau\,\dot S_i = H_i - S_i, \qquad T_i = S_i$$

with $k_\mathrm{loss}$ = `loss`, $k_{12}$ = `coupling`, $\tau$ = `sensor_lag`.
""".strip(),
    inputs=(
        Signal("Q1", "%", "power of heater 1", 0.0, 100.0),
        Signal("Q2", "%", "power of heater 2", 0.0, 100.0),
    ),
    states=(
        Signal("H1", "°C", "temperature of zone 1"),
        Signal("H2", "°C", "temperature of zone 2"),
        Signal("S1", "°C", "temperature of thermometer 1"),
        Signal("S2", "°C", "temperature of thermometer 2"),
    ),
    outputs=(
        Signal("T1", "°C", "thermometer 1", -50.0, 100.0),
        Signal("T2", "°C", "thermometer 2", -50.0, 100.0),
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason="a fifth of the shortest time constant (2.9 s with the default numbers)",
    faults=(
        Fault("heater_wear", "heater 1 gives no heat (0.3: 30 % less at every command)"),
        Fault("heater_wear_2", "heater 2 gives no heat"),
        Fault("Q1_stuck", "relay 1 welded: power never below 100 % (0.3: never below 30 %)"),
        Fault("Q2_stuck", "relay 2 welded: power never below 100 %"),
        Fault("Q1_limit", "heater 1 limited to 0 % (0.3: at most 70 %)"),
        Fault("Q2_limit", "heater 2 limited to 0 %"),
    ),
    sensors={"T1": _THERMOMETER, "T2": _THERMOMETER},
    sources=(TCLAB,),
)


def furnace_zone(
    parameters: FurnaceZone | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the furnace zone: inputs Q1, Q2 (%), outputs T1, T2 (°C).

    Static gains with the default numbers: 0.599 and 0.100 °C/% from Q1 to T1 and T2, 0.050 and
    0.300 °C/% from Q2.

    Parameters
    ----------
    parameters : FurnaceZone, optional
        Default: the TCLab's numbers.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.

    Source: jckantor/TCLab, tclab/tclab.py (class TCLabModel).
    """
    return Plant(MODEL, parameters or FurnaceZone(), faults, name)
