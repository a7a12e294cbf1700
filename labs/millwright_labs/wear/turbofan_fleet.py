"""A fleet of turbofans run to failure, as sensors see it once a flight.

Every engine begins with a little damage, which grows in proportion to itself, faster in one engine
than in another and never evenly, until it reaches 1: the engine must come off the wing. Sensors
show damage in proportion, on top of what is the engine's own and of noise.

Levels, changes and noise are fitted to C-MAPSS FD001 (one flight condition, a worn high-pressure
compressor), in SI units: the means of each engine's first 20 and last 5 flights, the shape of the
mean curve, and the distribution of lives. The core speed's change differs so much between engines,
in sign as well, that it helps nobody; C-MAPSS has this trap too.

Made for units C4, C9 and C10. Left out: other flight conditions, a worn fan, maintenance between
flights, sensor faults, sensors that never change.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from millwright_labs.errors import SignalError
from millwright_labs.plants.plant import POSITIVE, Parameters, parameter
from millwright_labs.wear.progress import watched

CMAPSS = "fitted to C-MAPSS FD001 (Saxena et al. 2008, PHM)"

TITLE = "Turbofan fleet"
INDUSTRY = "aviation"
EQUATIONS = r"""
$$\ln D_c = -r + \sum_{i \le c} g_i, \qquad
g_i \sim \Gamma \ \text{with mean}\ \mu\ \text{and}\ \mathrm{std}(g) = \kappa\,\mu, \qquad
\mathrm{life} = \min \{c : D_c \ge 1\}$$

$$y_j = y_{j0} + o_j + (\Delta_j + e_j)\,D + n_j$$

with $r$ drawn for each engine about `growth`, $\mu$ about `growth` over `life`,
$\kappa$ = `unevenness`, and for sensor $j$ the level $y_{j0}$, the engine's own offset $o_j$, the
change to failure $\Delta_j$, the engine's own share of it $e_j$, and noise $n_j$.
""".strip()


@dataclass(frozen=True)
class Turbofan(Parameters):
    """Numbers of how engines wear."""

    life: float = parameter(199.0, "flights", CMAPSS, "median life", minimum=10.0, maximum=1e5)
    life_scatter: float = parameter(
        0.17, "1", CMAPSS, "standard deviation of ln wear rate", minimum=0.0, maximum=1.0
    )
    growth: float = parameter(
        4.0, "1", CMAPSS, "growth of ln damage from new to failure", minimum=0.1, maximum=20.0
    )
    growth_scatter: float = parameter(
        0.3, "1", CMAPSS, "standard deviation of it between new engines", minimum=0.0
    )
    unevenness: float = parameter(
        1.0, "1", "ours: representative", "spread of wear over its mean, by flight",
        minimum=POSITIVE, maximum=10.0,
    )  # fmt: skip


@dataclass(frozen=True)
class SensorTrend:
    """One sensor of the fleet, all numbers in its unit.

    `level` of a new engine, `change` to failure, `noise`, `spread` of new engines and
    `change_spread` of the change between engines (standard deviations).
    """

    name: str
    unit: str
    meaning: str
    level: float
    change: float
    noise: float
    spread: float
    change_spread: float = 0.0


_RANKINE, _PSI, _POUND = 1 / 1.8, 6.894757, 0.45359237

#: The sensors, with numbers of FD001 (source: `CMAPSS`).
SENSORS: tuple[SensorTrend, ...] = tuple(
    SensorTrend(name, unit, meaning, *(round(factor * value, 6) for value in numbers))
    for name, unit, meaning, factor, numbers in (
        ("T24", "K", "temperature after the low-pressure compressor", _RANKINE,
         (642.36, 1.36, 0.301, 0.23)),
        ("T30", "K", "temperature after the high-pressure compressor", _RANKINE,
         (1586.5, 16.4, 4.00, 2.3)),
        ("T50", "K", "temperature after the low-pressure turbine", _RANKINE,
         (1402.3, 28.6, 4.02, 4.4)),
        ("P30", "kPa", "pressure after the high-pressure compressor", _PSI,
         (554.00, -2.65, 0.409, 0.47)),
        ("Ps30", "kPa", "static pressure after the high-pressure compressor", _PSI,
         (47.340, 0.84, 0.101, 0.147)),
        ("Nf", "rpm", "speed of the fan", 1.0, (2388.055, 0.190, 0.030, 0.046)),
        ("Nc", "rpm", "speed of the core", 1.0, (9055.2, 44.0, 4.2, 7.0, 52.0)),
        ("BPR", "1", "bypass ratio", 1.0, (8.4165, 0.108, 0.0202, 0.017)),
        ("W31", "kg/s", "coolant flow to the high-pressure turbine", _POUND,
         (38.941, -0.515, 0.101, 0.084)),
        ("W32", "kg/s", "coolant flow to the low-pressure turbine", _POUND,
         (23.3647, -0.308, 0.0601, 0.050)),
    )
)  # fmt: skip


def turbofan_fleet(
    engines: int = 100,
    seed: int | None = None,
    parameters: Turbofan | None = None,
    truth: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Draw a fleet of engines, each run to failure.

    A thousand engines are drawn in one call within a second.

    Parameters
    ----------
    engines : int
        Number of engines.
    seed : int, optional
        The same seed gives the same fleet.
    parameters : Turbofan, optional
        Default: as C-MAPSS FD001.
    truth : bool
        Whether to add the columns `damage` (0 to 1) and `rul` (flights left), which no sensor
        shows.
    progress : bool, optional
        Whether to show a bar. Default: on a terminal and in a notebook.

    Returns
    -------
    pandas.DataFrame
        One row a flight, by engine: engine, cycle (from 1), the sensors (`SENSORS`). The last
        flight of an engine is that in which its damage reached 1. Units in ``.attrs["units"]``.

    Raises
    ------
    SignalError
        If the number of engines is not a whole number above 0.
    """
    count, p = _whole("number of engines", engines), parameters or Turbofan()
    rng = np.random.default_rng(seed)
    start = -np.abs(p.growth + p.growth_scatter * rng.standard_normal(count))
    pace = p.growth / p.life * np.exp(p.life_scatter * rng.standard_normal(count))
    shape = p.unevenness**-2
    lives, histories = np.zeros(count, dtype=int), []
    for k in watched(range(count), count, progress):
        # Enough flights at once that more are seldom needed.
        block = int(-1.5 * start[k] / pace[k]) + 10
        log_damage = start[k : k + 1]
        while log_damage[-1] < 0.0:
            steps = rng.gamma(shape, pace[k] / shape, block)
            log_damage = np.concatenate((log_damage, log_damage[-1] + np.cumsum(steps)))
        lives[k] = max(1, int(np.argmax(log_damage >= 0.0)))
        histories.append(log_damage[1 : lives[k] + 1])
    damage = np.minimum(np.exp(np.concatenate(histories)), 1.0)
    engine = np.repeat(np.arange(count), lives)
    first = np.repeat(np.cumsum(lives) - lives, lives)
    cycle = np.arange(len(engine)) - first + 1
    columns: dict[str, np.ndarray] = {"engine": engine + 1, "cycle": cycle}
    for sensor in SENSORS:
        own = sensor.spread * rng.standard_normal(count)
        change = sensor.change + sensor.change_spread * rng.standard_normal(count)
        noise = sensor.noise * rng.standard_normal(len(engine))
        columns[sensor.name] = sensor.level + own[engine] + change[engine] * damage + noise
    units = {"engine": "1", "cycle": "flights"} | {s.name: s.unit for s in SENSORS}
    if truth:
        columns |= {"damage": damage, "rul": lives[engine] - cycle}
        units |= {"damage": "1", "rul": "flights"}
    table = pd.DataFrame(columns)
    table.attrs["units"] = units
    return table


def cut_short(
    fleet: pd.DataFrame, seed: int | None = None, least: int = 20
) -> tuple[pd.DataFrame, pd.Series]:
    """Stop watching each engine at a flight drawn at random, as in a test set.

    Parameters
    ----------
    fleet : pandas.DataFrame
        From `turbofan_fleet`.
    seed : int, optional
        The same seed gives the same cuts.
    least : int
        Flights that are seen of every engine (all, of one that lives shorter).

    Returns
    -------
    seen : pandas.DataFrame
        The rows up to each engine's cut, without `damage` and `rul`.
    rul : pandas.Series
        Flights left after the cut, by engine.
    """
    least = _whole("number of flights to be seen", least)
    rng = np.random.default_rng(seed)
    lives = fleet.groupby("engine")["cycle"].max()
    last = np.minimum(least + rng.random(len(lives)) * (lives - least), lives).astype(int)
    last = last.where(lives > least, lives)
    seen = fleet[fleet["cycle"] <= fleet["engine"].map(last)]
    seen = seen.drop(columns=["damage", "rul"], errors="ignore").reset_index(drop=True)
    seen.attrs["units"] = {name: fleet.attrs["units"][name] for name in seen.columns}
    return seen, (lives - last).rename("rul")


def _whole(name: str, value: Any) -> int:
    wrong = isinstance(value, bool) or not isinstance(value, int | float | np.number)
    if wrong or not 0 < value < math.inf or value != int(value):
        raise SignalError(f"The {name} must be a whole number above 0, got {value!r}.")
    return int(value)
