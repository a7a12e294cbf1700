"""Turbofan remaining life: a simple model, intervals that keep their promise, and a score."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from scipy import stats

from millwright_labs import figures, wear
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Choice, Control, Slider, Switch, Values
from millwright_labs.apps.measured import measured
from millwright_labs.prognosis import asymmetric_score, conformal_margins

SYNTHETIC, CMAPSS = "synthetic", "cmapss"
SEED = 3
STOP_SEED = 4
# Engines run to failure, to learn from; engines stopped at a flight drawn at random, to test on.
KNOWN, TESTED = 160, 100
WINDOW = 15  # flights whose mean a feature is; only those already flown
FADE = 50.0  # flights: the health index is fitted to exp(-remaining life / FADE)
RIDGE = 1e-3  # shrinks coefficients of scaled features; keeps five engines from breaking the fit
# Intervals that grow with the prediction: in proportion to it plus this.
LEAST_SCALE = 15.0  # flights

SENSORS = tuple(sensor.name for sensor in wear.SENSORS)

OWN_CONTROLS: tuple[Control, ...] = (
    Slider("engines", 10.0, 160.0, 2.0, 80.0),
    Slider("cap", 80.0, 300.0, 5.0, 150.0),
    Slider("coverage", 50.0, 95.0, 1.0, 90.0),
    Slider("earlier", -40.0, 40.0, 1.0, 0.0),
    Switch("apart", True),
    Switch("growing", True),
    Slider("engine", 1.0, 100.0, 1.0, 25.0),
)
OWN_PRESETS: dict[str, dict[str, Any]] = {
    "start": {},
    "few": {"engines": 24.0},
    "learnt": {"engines": 10.0, "coverage": 60.0, "apart": False, "growing": False},
    "early": {"earlier": 15.0},
    "late": {"earlier": -20.0},
    "capped": {"cap": 80.0},
}
CMAPSS_PRESETS: dict[str, dict[str, Any]] = {
    "cmapss": {"source": CMAPSS, "engines": 100.0, "cap": 125.0},
}


@dataclass(frozen=True)
class Flights:
    """One row a flight: engine (from 0), flight (from 1), features (n, m), flights left."""

    engine: np.ndarray
    flight: np.ndarray
    features: np.ndarray
    left: np.ndarray

    def of(self, first: int, last: int) -> Flights:
        """Return the engines from `first` up to, not including, `last`."""
        rows = (self.engine >= first) & (self.engine < last)
        return Flights(self.engine[rows], self.flight[rows], self.features[rows], self.left[rows])

    def at(self, rows: np.ndarray) -> Flights:
        """Return some rows."""
        return Flights(self.engine[rows], self.flight[rows], self.features[rows], self.left[rows])

    @property
    def last(self) -> np.ndarray:
        """The row of each engine's last flight."""
        return np.append(np.flatnonzero(np.diff(self.engine)), len(self.engine) - 1)


def trailing_mean(values: np.ndarray, engine: np.ndarray, window: int = WINDOW) -> np.ndarray:
    """Return the mean of the last `window` flights of the same engine, shape of `values`."""
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    row = np.arange(len(values))
    first = np.searchsorted(engine, engine)
    begin = np.maximum(first, row + 1 - window)
    return (total[row + 1] - total[begin]) / (row + 1 - begin)[:, None]


def _flights(table: pd.DataFrame, engine: str, sensors: list[str], left: pd.Series) -> Flights:
    """Return a table, one row a flight, with the flights left after each engine's last row."""
    number = table[engine].to_numpy(int) - 1
    flight = table["cycle"].to_numpy(float)
    final = table.groupby(engine)["cycle"].max().to_numpy(float)
    features = trailing_mean(table[sensors].to_numpy(float), number)
    return Flights(number, flight, features, final[number] - flight + left.to_numpy(float)[number])


@cache
def fleet(source: str) -> tuple[Flights, Flights] | None:
    """Return engines run to failure and engines stopped before; None where they are not here."""
    if source == SYNTHETIC:
        whole = wear.turbofan_fleet(KNOWN + TESTED, seed=SEED, progress=False)
        known = whole[whole["engine"] <= KNOWN].copy()
        rest = whole[whole["engine"] > KNOWN].copy()
        rest["engine"] -= KNOWN
        seen, left = wear.cut_short(rest, seed=SEED)
        nothing = pd.Series(np.zeros(KNOWN))
        names = list(SENSORS)
        return _flights(known, "engine", names, nothing), _flights(seen, "engine", names, left)
    train, test = measured("cmapss", "train_FD001"), measured("cmapss", "test_FD001")
    left_over = measured("cmapss", "RUL_FD001")
    if train is None or test is None or left_over is None:
        return None
    names = [name.lower() for name in SENSORS]
    nothing = pd.Series(np.zeros(train["unit"].nunique()))
    return _flights(train, "unit", names, nothing), _flights(test, "unit", names, left_over["rul"])


@dataclass(frozen=True)
class Model:
    """Remaining life from a health index: two linear fits, the second on powers of the first."""

    centre: np.ndarray
    scale: np.ndarray
    health: np.ndarray
    life: np.ndarray
    cap: float

    def predict(self, flights: Flights) -> np.ndarray:
        """Return the predicted flights left, between 0 and the cap."""
        index = _index(flights.features, self.centre, self.scale, self.health)
        return np.clip(_powers(index, flights.flight) @ self.life, 0.0, self.cap)


def fit(flights: Flights, cap: float) -> Model:
    """Fit the model to engines run to failure.

    Lives above `cap` (flights) count as the cap: a new engine shows no sensor how long it will
    last.
    """
    centre, scale = flights.features.mean(axis=0), flights.features.std(axis=0)
    scaled = _with_one((flights.features - centre) / scale)
    health = _ridge(scaled, np.exp(-flights.left / FADE))
    index = _index(flights.features, centre, scale, health)
    life = _ridge(_powers(index, flights.flight), np.minimum(flights.left, cap))
    return Model(centre, scale, health, life, cap)


def _index(
    features: np.ndarray, centre: np.ndarray, scale: np.ndarray, health: np.ndarray
) -> np.ndarray:
    return np.clip(_with_one((features - centre) / scale) @ health, 0.002, 2.0)


def _powers(index: np.ndarray, flight: np.ndarray) -> np.ndarray:
    # The flight is scaled to the order of one, so that the ridge treats all alike.
    return np.column_stack(
        [np.ones_like(index), index, index**2, index**3, np.log(index), flight / 200]
    )


def _with_one(values: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(values)), values])


def _ridge(columns: np.ndarray, goal: np.ndarray) -> np.ndarray:
    square = columns.T @ columns + RIDGE * len(columns) * np.eye(columns.shape[1])
    return np.linalg.solve(square, columns.T @ goal)


def stops(flights: Flights, seed: int = STOP_SEED, least: int = 20) -> np.ndarray:
    """Return one row of each engine, drawn at random as the test engines were stopped."""
    rng = np.random.default_rng(seed)
    last = flights.last
    first = np.concatenate([[0], last[:-1] + 1])
    begin = np.minimum(first + least - 1, last)
    return (begin + rng.random(len(last)) * (last - begin)).astype(int)


@dataclass(frozen=True)
class Forecast:
    """A model, and what to add to a prediction for the two ends of its interval.

    Margins are in flights, or in multiples of the prediction plus `LEAST_SCALE` where `growing`.
    """

    model: Model
    low: float
    high: float
    growing: bool
    earlier: float

    def of(self, flights: Flights) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return prediction and ends of the interval (flights left)."""
        middle = self.model.predict(flights)
        scale = middle + LEAST_SCALE if self.growing else np.ones_like(middle)
        low, high = (
            np.maximum(middle + margin * scale - self.earlier, 0.0)
            for margin in (self.low, self.high)
        )
        return np.maximum(middle - self.earlier, 0.0), low, high


@lru_cache(maxsize=64)
def forecast(
    source: str, engines: int, cap: float, coverage: float, apart: bool, growing: bool
) -> Forecast:
    """Fit the model and calibrate its intervals.

    Parameters
    ----------
    source : str
        `SYNTHETIC` or `CMAPSS`.
    engines : int
        Engines run to failure that may be used.
    cap : float
        See `fit`.
    coverage : float
        Wanted share of truths within the intervals.
    apart : bool
        Train on one half of the engines and calibrate on the other; else both on all of them.
    growing : bool
        Let intervals grow with the prediction.
    """
    known = _fleet(source)[0]
    half = engines // 2 if apart else engines
    model = fit(known.of(0, half), cap)
    others = known.of(half, engines) if apart else known.of(0, engines)
    others = others.at(stops(others))
    predicted = model.predict(others)
    errors = others.left - predicted
    if growing:
        errors = errors / (predicted + LEAST_SCALE)
    return Forecast(model, *conformal_margins(errors, coverage), growing, earlier=0.0)


def chance_of_coverage(calibrated: int, tested: int, coverage: float) -> tuple[float, float]:
    """Return between which shares (%) the coverage of a test lies nine times in ten.

    The number of test engines within intervals that are calibrated on `calibrated` others has a
    beta-binomial distribution.
    """
    rank = max(0, math.floor(round((calibrated + 1) * (1 - coverage) / 2, 9)))
    if rank == 0:
        return 100.0, 100.0
    inside = stats.betabinom(tested, calibrated + 1 - 2 * rank, 2 * rank)
    low, high = inside.ppf([0.05, 0.95])
    return 100 * float(low) / tested, 100 * float(high) / tested


def _fleet(source: str) -> tuple[Flights, Flights]:
    found = fleet(source) or fleet(SYNTHETIC)
    assert found is not None
    return found


def show(values: Values) -> Shown:
    """Compute predictions, intervals, scores and what the figure shows."""
    source, coverage = values.get("source", SYNTHETIC), values["coverage"] / 100
    known, tested = _fleet(source)
    engines = min(int(values["engines"]), int(known.engine[-1]) + 1)
    made = forecast(source, engines, values["cap"], coverage, values["apart"], values["growing"])
    made = Forecast(made.model, made.low, made.high, made.growing, values["earlier"])
    ends = tested.at(tested.last)
    middle, low, high = made.of(ends)
    late, capped = middle - ends.left, middle - np.minimum(ends.left, values["cap"])
    missed = (ends.left < low) | (ends.left > high)
    bounded = bool(np.isfinite(made.low))
    order = np.argsort(ends.left, kind="stable")
    place = np.arange(1, len(order) + 1)
    gap = np.full(len(order), np.nan)
    mean_life = (known.flight + known.left)[known.engine < engines]
    mean_life = mean_life[known.of(0, engines).last].mean()
    base = np.maximum(mean_life - ends.flight, 0.0) - ends.left
    chance = chance_of_coverage(
        engines - engines // 2 if values["apart"] else engines, len(order), coverage
    )
    one = tested.of(int(values["engine"]) - 1, int(values["engine"]))
    one_middle, one_low, one_high = made.of(one)
    top = 2 * LIFE_AXIS
    return Shown(
        moves={
            "interval": (one.flight, np.minimum(one_low, top), np.minimum(one_high, top)),
            "truth": (one.flight, one.left),
            "predicted": (one.flight, one_middle),
            "intervals": (
                np.column_stack([place, place, gap]).ravel(),
                np.column_stack([low[order], np.minimum(high[order], top), gap]).ravel(),
            ),
            "truths": (place, ends.left[order]),
            "missed": (place[missed[order]], ends.left[order][missed[order]]),
        },
        fields={
            **values,
            "engines": engines,
            "trained": engines // 2 if values["apart"] else engines,
            "calibrated": engines - engines // 2 if values["apart"] else engines,
            "wanted": values["coverage"],
            "covered": 100 * float((~missed).mean()) if bounded else None,
            "missed": int(missed.sum()),
            "tested": len(ends.left),
            "least": chance[0],
            "most": chance[1],
            "width": float((high - low).mean()) if bounded else None,
            "rmse": _rms(late),
            "rmse_capped": _rms(capped),
            "rmse_base": _rms(base),
            # Against capped lives, as the model was taught: else the engines with the longest
            # lives, which no sensor can tell from others, would be all that the score sees.
            "score": _grouped(asymmetric_score(capped)),
            "too_late": int((late > 0).sum()),
            "one_predicted": float(one_middle[-1]),
            "one_low": float(one_low[-1]),
            "one_high": float(one_high[-1]),
            "one_left": float(one.left[-1]),
            "one_flight": int(one.flight[-1]),
        },
        alt=(
            source,
            "one" if bounded else "one_unbounded",
            "apart" if values["apart"] else "together",
            "covered" if bounded else "unbounded",
            "late",
        ),
    )


def _rms(errors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def _grouped(score: float) -> str:
    """Return a score to three figures at most, without exponent, thousands set apart."""
    digits = len(str(int(score)))
    return f"{round(score, 3 - digits):,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


LIFE_AXIS, FLIGHT_AXIS = 300.0, 320.0


def draw() -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes and return the figure and what moves in it."""
    figures.use_style()
    fig, (one, all_engines) = plt.subplots(2, 1, figsize=(7.4, 6.0))
    interval = one.fill_between([], [], [], color="C1", alpha=0.25, linewidth=0)
    (truth,) = one.plot([], [], color="0.2", linestyle=":", label="$L$")
    (predicted,) = one.plot([], [], color="C1", linestyle="-", label="$\\hat L$")
    one.set(
        xlabel="$c$",
        ylabel="$L$",
        xlim=(0, FLIGHT_AXIS),
        ylim=(0, LIFE_AXIS),
        yticks=(0, 100, 200, 300),
    )
    (intervals,) = all_engines.plot(
        [],
        [],
        color="C1",
        linestyle="-",
        linewidth=1.1,
        alpha=0.8,
        label="$[\\hat L_-, \\hat L_+]$",
    )
    # A hundred of them share a phone's width: none may move to a whole pixel.
    intervals.set_snap(False)
    (truths,) = all_engines.plot([], [], ".", color="0.3", markersize=4, label="$L$")
    (missed,) = all_engines.plot(
        [], [], "x", color="C0", markersize=7, markeredgewidth=1.3, label="$L \\notin$"
    )
    all_engines.set(
        xlabel="$i$",
        ylabel="$L$",
        xlim=(0, TESTED + 1),
        ylim=(0, LIFE_AXIS),
        yticks=(0, 100, 200, 300),
    )
    for axes in (one, all_engines):
        legend_above(axes)
    return fig, {
        "interval": interval,
        "truth": truth,
        "predicted": predicted,
        "intervals": intervals,
        "truths": truths,
        "missed": missed,
    }


def app(folder: Path | None = None) -> App:
    """Return the app; it offers C-MAPSS where this server has it."""
    present = fleet(CMAPSS) is not None
    controls, presets = OWN_CONTROLS, dict(OWN_PRESETS)
    if present:
        controls = (Choice("source", (CMAPSS, SYNTHETIC), SYNTHETIC), *OWN_CONTROLS)
        presets |= CMAPSS_PRESETS
    notes = ("cmapss" if present else "no_cmapss",)
    return App("turbofan-life", controls, presets, draw, show, folder=folder, notes=notes)
