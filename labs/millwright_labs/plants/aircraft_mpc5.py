"""A small linear aircraft with two bounded inputs, on which predictive control is taught.

The source gives a discrete model with a sample time of 0.2 s. The numbers here are those of the
continuous system whose zero-order hold is that model: `P.linearize(P.x0, P.u0).sample(0.2)` gives
the published matrices within 1e-6. The source names neither states nor units, so there are none.

Made for unit A12. Left out: everything nonlinear.
"""

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

MPT = "MPT3 regulation problem, as in python-control, examples/mpc_aircraft.ipynb"
HOLD = "matrix logarithm of the published model over 0.2 s"

#: The published sample time (s).
SAMPLE_TIME = 0.2

#: Share of an input's effect that severity 1 takes away.
EFFECT_LOSS = 0.6


@dataclass(frozen=True)
class AircraftMpc5(Parameters):
    """The entries of A and B that are not zero."""

    a11: float = parameter(-0.0502517, "1/s", HOLD, "x1 into the rate of x1")
    a12: float = parameter(-0.00345989, "1/s", HOLD, "x2 into the rate of x1")
    a13: float = parameter(1.00335, "1/s", HOLD, "x3 into the rate of x1")
    a14: float = parameter(0.0223048, "1/s", HOLD, "x4 into the rate of x1")
    b11: float = parameter(0.0215292, "1/s", HOLD, "u1 into the rate of x1")
    b12: float = parameter(0.00352112, "1/s", HOLD, "u2 into the rate of x1")
    a22: float = parameter(-0.151507, "1/s", HOLD, "x2 into the rate of x2")
    a24: float = parameter(1.50242, "1/s", HOLD, "x4 into the rate of x2")
    b21: float = parameter(-0.722173, "1/s", HOLD, "u1 into the rate of x2")
    a32: float = parameter(0.244112, "1/s", HOLD, "x2 into the rate of x3")
    a33: float = parameter(-1.05361, "1/s", HOLD, "x3 into the rate of x3")
    a34: float = parameter(-5.13549, "1/s", HOLD, "x4 into the rate of x3")
    b31: float = parameter(0.336074, "1/s", HOLD, "u1 into the rate of x3")
    b32: float = parameter(-1.10906, "1/s", HOLD, "u2 into the rate of x3")
    a42: float = parameter(-1.03615, "1/s", HOLD, "x2 into the rate of x4")
    a44: float = parameter(-0.0996992, "1/s", HOLD, "x4 into the rate of x4")
    b41: float = parameter(0.0273415, "1/s", HOLD, "u1 into the rate of x4")
    a52: float = parameter(0.478874, "1/s", HOLD, "x2 into the rate of x5")
    a54: float = parameter(-0.0731082, "1/s", HOLD, "x4 into the rate of x5")
    a55: float = parameter(-0.526803, "1/s", HOLD, "x5 into the rate of x5")
    b51: float = parameter(-0.0175907, "1/s", HOLD, "u1 into the rate of x5")


def _rhs(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    u1 = u[0] * (1.0 - EFFECT_LOSS * f.u1_wear)
    u2 = u[1] * (1.0 - EFFECT_LOSS * f.u2_wear)
    return (
        p.a11 * x[0] + p.a12 * x[1] + p.a13 * x[2] + p.a14 * x[3] + p.b11 * u1 + p.b12 * u2,
        p.a22 * x[1] + p.a24 * x[3] + p.b21 * u1,
        p.a32 * x[1] + p.a33 * x[2] + p.a34 * x[3] + p.b31 * u1 + p.b32 * u2,
        p.a42 * x[1] + p.a44 * x[3] + p.b41 * u1,
        p.a52 * x[1] + p.a54 * x[3] + p.a55 * x[4] + p.b51 * u1,
    )


def _out(t: float, x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> Sequence[float]:
    return (x[1] - x[4], x[2], x[3], x[0])


def _rest(p: AircraftMpc5) -> tuple[Sequence[float], Sequence[float]]:
    return [0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0]


def _max_step(x: Sequence[float], u: Sequence[float], p: Any, f: Any) -> float:
    turning = abs(p.a24 * p.a42) ** 0.5 + abs(p.a22) + abs(p.a44)
    return 0.1 / (turning + abs(p.a11) + abs(p.a33) + abs(p.a55))


MODEL = Model(
    id="aircraft_mpc5",
    title="Aircraft for predictive control",
    industry="aviation",
    equations=r"""
$$\dot x = A\,x + B\,u, \qquad y = (x_2 - x_5,\ x_3,\ x_4,\ x_1), \qquad
|u_1| \le 5,\ |u_2| \le 6$$

with the entries $a_{ij}$, $b_{ij}$ = `aij`, `bij`, and zeros elsewhere. Its zero-order hold at
0.2 s is

$$\begin{pmatrix} 0.99 & 0.01 & 0.18 & -0.09 & 0 \\ 0 & 0.94 & 0 & 0.29 & 0 \\
0 & 0.14 & 0.81 & -0.9 & 0 \\ 0 & -0.2 & 0 & 0.95 & 0 \\ 0 & 0.09 & 0 & 0 & 0.9 \end{pmatrix},
\qquad
\begin{pmatrix} 0.01 & -0.02 \\ -0.14 & 0 \\ 0.05 & -0.2 \\ 0.02 & 0 \\ -0.01 & 0 \end{pmatrix}$$
""".strip(),
    inputs=(
        Signal("u1", "1", "first input", -5.0, 5.0),
        Signal("u2", "1", "second input", -6.0, 6.0),
    ),
    states=tuple(Signal(f"x{i}", "1", f"state {i} of the published model") for i in range(1, 6)),
    outputs=tuple(
        Signal(f"y{i}", "1", f"output {i} of the published model, {what}", -100.0, 100.0)
        for i, what in ((1, "x2 − x5"), (2, "x3"), (3, "x4"), (4, "x1"))
    ),
    rest=_rest,
    rhs=_rhs,
    out=_out,
    max_step=_max_step,
    step_reason="a tenth of a bound on the shortest time constant (32 ms)",
    faults=(
        Fault("u1_wear", "first input has 40 % of its effect"),
        Fault("u2_wear", "second input has 40 % of its effect"),
    ),
    sensors={
        f"y{i}": Sensor(noise=0.005, step=0.001, bias=0.1, drift=0.1, source="ours")
        for i in range(1, 5)
    },
    sources=(MPT, "safe limits, sensors and fault sizes are ours"),
)


def aircraft_mpc5(
    parameters: AircraftMpc5 | None = None,
    faults: Mapping[str, Severity] | None = None,
    name: str | None = None,
) -> Plant:
    """Make the aircraft: inputs u1 (within ±5), u2 (within ±6); outputs y1 to y4, without units.

    Stable, and controllable from its inputs (rank 5). ``sys.sample(0.2)`` of its linear model is
    the published discrete one.

    Parameters
    ----------
    parameters : AircraftMpc5, optional
        Default: the published model's.
    faults : mapping of str to (float or callable), optional
        See `Plant` and the plant's card.
    name : str, optional
        The system's name.

    Source: MPT3 regulation problem, as in python-control, examples/mpc_aircraft.ipynb.
    """
    return Plant(MODEL, parameters or AircraftMpc5(), faults, name)
