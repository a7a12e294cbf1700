"""A fatigue crack that grows with every load cycle, by Paris' law.

The crack starts at a length that inspection can just find, grows slowly for most of its life, and
ends the part's life when the stress intensity at the highest load reaches the fracture toughness.
`crack_fleet` draws parts whose material scatters, as measured at inspections.

Made for unit C8. Left out: crack initiation, the threshold below which cracks rest, short cracks,
overloads and their retardation, a geometry factor that changes with length.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from millwright_labs.errors import ParameterError, SignalError
from millwright_labs.plants.plant import POSITIVE, Parameters, parameter

LAW = "Paris & Erdogan 1963, J. Basic Eng. 85:528; Walker 1970, ASTM STP 462"
TABLE = "Dowling 2013, Mechanical Behavior of Materials, 4th ed., Walker constants of metals"
OURS = "ours: representative"

TITLE = "Fatigue crack"
INDUSTRY = "aviation"
EQUATIONS = r"""
$$\frac{\mathrm da}{\mathrm dN} = C\,\Bigl(\frac{\Delta K}{(1-R)^{1-\gamma}}\Bigr)^m, \qquad
\Delta K = Y\,\Delta\sigma\,\sqrt{\pi a}$$

$$N = \frac{a^q - a_0^q}{q\,C_1}, \quad q = 1 - \frac m2 \ne 0; \qquad
N = \frac{\ln (a/a_0)}{C_1}, \quad m = 2; \qquad
a_c = \frac1\pi \Bigl(\frac{K_c\,(1-R)}{Y\,\Delta\sigma}\Bigr)^2$$

with $C_1 = C\,\bigl(Y\,\Delta\sigma\sqrt\pi\,/(1-R)^{1-\gamma}\bigr)^m$ and lengths in metres.
""".strip()


@dataclass(frozen=True)
class Crack(Parameters):
    """Numbers of material, part and load; the defaults are 2024-T3, an aluminium for fuselages."""

    C: float = parameter(
        1.42e-8, "mm/(MPa·√m)^m", TABLE, "growth in a cycle at 1 MPa·√m", minimum=1e-30
    )
    m: float = parameter(3.59, "1", TABLE, "exponent of growth", minimum=0.5, maximum=10.0)
    gamma: float = parameter(
        0.680, "1", TABLE, "Walker's exponent of mean stress", minimum=0.0, maximum=1.0
    )
    K_c: float = parameter(34.0, "MPa·√m", TABLE, "fracture toughness", minimum=POSITIVE)
    Y: float = parameter(
        1.12, "1", "edge crack in a wide plate", "geometry factor", minimum=0.1, maximum=10.0
    )
    stress: float = parameter(80.0, "MPa", OURS, "stress range of a cycle", minimum=POSITIVE)
    R: float = parameter(0.1, "1", OURS, "lowest over highest stress", minimum=0.0, maximum=0.95)
    a_start: float = parameter(
        1.0, "mm", "ours: eddy-current inspection", "length at the start", minimum=1e-3
    )
    C_scatter: float = parameter(
        0.2, "1", OURS, "standard deviation of ln C between parts", minimum=0.0, maximum=2.0
    )
    unevenness: float = parameter(
        0.1, "1", OURS, "standard deviation of ln growth between inspections", minimum=0.0
    )
    inspection_noise: float = parameter(
        0.1, "mm", OURS, "standard deviation of a measured length", minimum=0.0
    )


#: Numbers of three materials of airframes and landing gear.
MATERIALS: dict[str, Crack] = {
    "2024-T3": Crack(),
    "7075-T6": Crack(C=2.71e-8, m=3.70, gamma=0.641, K_c=29.0),
    "4340": Crack(C=5.11e-10, m=3.24, gamma=0.420, K_c=130.0, stress=400.0),
}


def critical_length(crack: Crack) -> float:
    """Give the length (mm) at which the part breaks at the highest load of a cycle."""
    return 1000.0 / math.pi * (crack.K_c * (1 - crack.R) / (crack.Y * crack.stress)) ** 2


def growth_rate(a: ArrayLike, crack: Crack) -> np.ndarray:
    """Give the growth in one cycle (mm) of cracks of length `a` (mm)."""
    return _rate_at_one_metre(crack) * (np.asarray(a, dtype=float) / 1000.0) ** (crack.m / 2)


def cycles_to(a: ArrayLike, crack: Crack, a_start: ArrayLike | None = None) -> np.ndarray:
    """Give the number of cycles in which a crack grows to length `a`.

    Parameters
    ----------
    a : array_like
        Length to be reached (mm).
    crack : Crack
        Material and load.
    a_start : array_like, optional
        Length at the start (mm); default `crack.a_start`. Both broadcast.

    Returns
    -------
    ndarray
        Cycles; negative where `a` is the shorter one. Exact, and continuous at m = 2.
    """
    start = _lengths(crack.a_start if a_start is None else a_start)
    longer = np.log(_lengths(a) / start)
    q = 1 - crack.m / 2
    power = np.expm1(q * longer) / q if q else longer
    return 1000.0 * (start / 1000.0) ** q * power / _rate_at_one_metre(crack)


def crack_length(cycles: ArrayLike, crack: Crack, a_start: ArrayLike | None = None) -> np.ndarray:
    """Give the length (mm) after a number of cycles; infinite where no length is left to reach.

    Inverse of `cycles_to`. Lengths beyond `critical_length` are those that a tougher part would
    have reached.
    """
    start = _lengths(crack.a_start if a_start is None else a_start)
    q = 1 - crack.m / 2
    grown = np.asarray(cycles, dtype=float) * _rate_at_one_metre(crack) / 1000.0
    grown = grown / (start / 1000.0) ** q
    with np.errstate(divide="ignore", invalid="ignore"):
        longer = np.where(1 + q * grown > 0, np.log1p(q * grown) / q, np.inf) if q else grown
    return start * np.exp(longer)


def life(crack: Crack) -> float:
    """Give the cycles from the crack's start to fracture; 0 if it breaks at once."""
    return max(0.0, float(cycles_to(critical_length(crack), crack)))


def crack_fleet(
    parts: int, every: float, crack: Crack | None = None, seed: int | None = None
) -> pd.DataFrame:
    """Draw parts with a growing crack and what their inspections measured, until each breaks.

    Every part has its own material (`C_scatter`), and growth is uneven between inspections
    (`unevenness`).

    Parameters
    ----------
    parts : int
        Number of parts.
    every : float
        Cycles between inspections.
    crack : Crack, optional
        Default: an edge crack in 2024-T3.
    seed : int, optional
        The same seed gives the same fleet.

    Returns
    -------
    pandas.DataFrame
        One row an inspection: part, N (cycles), a (mm, as measured), a_true (mm), and fracture,
        the cycles at which the part broke. The last inspection is the last before fracture.
        Units in ``.attrs["units"]``.

    Raises
    ------
    SignalError
        If there are no parts, or the inspections are not a positive number of cycles apart.
    ParameterError
        If the crack is critical from the start, or so slow that it does not break within
        100,000 inspections.
    """
    crack = crack or Crack()
    count = _positive("number of parts", parts, whole=True)
    interval = _positive("interval of inspections", every)
    end = critical_length(crack)
    if end <= crack.a_start:
        raise ParameterError(
            f"A crack of {crack.a_start:g} mm is longer than the critical {end:.3g} mm. Choose a "
            "shorter start, a lower stress or a tougher material."
        )
    if life(crack) > 1e5 * interval:
        raise ParameterError(
            f"The crack needs {life(crack):.3g} cycles to break, more than 100,000 inspections. "
            "Inspect less often, or choose a higher stress."
        )
    rng = np.random.default_rng(seed)
    pace = np.exp(crack.C_scatter * rng.standard_normal(int(count)))
    a = np.full(int(count), crack.a_start)
    fracture = np.full(int(count), np.nan)
    rows, inspection = [], 0
    while (alive := np.flatnonzero(np.isnan(fracture))).size:
        measured = a[alive] + crack.inspection_noise * rng.standard_normal(alive.size)
        now = np.full(alive.size, inspection * interval)
        rows.append((alive, now, np.maximum(measured, 0.0), a[alive].copy()))
        # Faster growth for an interval is more cycles of the nominal one.
        uneven = np.exp(crack.unevenness * rng.standard_normal(alive.size))
        nominal = interval * pace[alive] * uneven
        left = cycles_to(end, crack, a[alive])
        breaks = left <= nominal
        fracture[alive[breaks]] = now[breaks] + interval * left[breaks] / nominal[breaks]
        whole = ~breaks
        a[alive[whole]] = crack_length(nominal[whole], crack, a[alive[whole]])
        inspection += 1
    part, N, measured, true = (np.concatenate(column) for column in zip(*rows, strict=True))
    table = pd.DataFrame(
        {"part": part + 1, "N": N, "a": measured, "a_true": true, "fracture": fracture[part]}
    )
    table = table.sort_values(["part", "N"], ignore_index=True)
    table.attrs["units"] = {
        "part": "1",
        "N": "cycles",
        "a": "mm",
        "a_true": "mm",
        "fracture": "cycles",
    }
    return table


def _rate_at_one_metre(crack: Crack) -> float:
    """Growth in a cycle (mm) that the law would give a crack of one metre."""
    factor = crack.Y * crack.stress * math.sqrt(math.pi) / (1 - crack.R) ** (1 - crack.gamma)
    return crack.C * factor**crack.m


def _lengths(a: Any) -> np.ndarray:
    lengths = np.asarray(a, dtype=float)
    if not np.all(lengths > 0):
        raise SignalError("Crack lengths must be positive numbers in millimetres.")
    return lengths


def _positive(name: str, value: Any, whole: bool = False) -> float:
    wrong = isinstance(value, bool) or not isinstance(value, int | float | np.number)
    if wrong or not 0 < value < math.inf or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise SignalError(f"The {name} must be {kind} above 0, got {value!r}.")
    return float(value)
