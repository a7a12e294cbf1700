"""Weibull life: fit lives with censoring, read B10, choose the age of planned replacement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from millwright_data import load

from millwright_labs import figures, reliability
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Choice, Control, PerChoice, Slider, Values

# What a probability plot shows, in percent failed.
PERCENTS = (1, 2, 5, 10, 20, 50, 90, 99)


@dataclass(frozen=True)
class Lives:
    """One data set as the app shows it: ages, which of them are failures, unit, and axes.

    `log_axis` and `axis_end` are limits of the age axes, in `unit`; `axis` is their label.
    """

    ages: np.ndarray
    failed: np.ndarray
    unit: str
    axis: str
    log_axis: tuple[float, float]
    axis_end: float


@cache
def lives(name: str) -> Lives:
    """Return one of the data sets, ``bearings`` or ``absorbers``."""
    if name == "bearings":
        table = load("ball-bearing-lives")
        ages = table["life"].to_numpy(float)
        return Lives(
            ages,
            np.ones(len(ages), dtype=bool),
            unit="× 10⁶ rev",
            axis="$t$ (10⁶ rev)",
            log_axis=(5, 300),
            axis_end=200,
        )
    table = load("shock-absorber-lives")
    return Lives(
        table["distance"].to_numpy(float),
        table["failed"].to_numpy(bool),
        unit="km",
        axis="$t$ (km)",
        log_axis=(2_000, 100_000),
        axis_end=60_000,
    )


BEARINGS, ABSORBERS = "bearings", "absorbers"
# Until the visitor moves it, the shape says that age does not matter.
START_SHAPE = 1.0


CONTROLS: tuple[Control, ...] = (
    Choice("data", (BEARINGS, ABSORBERS), BEARINGS),
    Slider("beta", 0.5, 6.0, 0.01, START_SHAPE),
    PerChoice(
        "eta",
        by="data",
        sliders={
            BEARINGS: Slider("eta", 20, 200, 0.5, 72),
            ABSORBERS: Slider("eta", 5_000, 60_000, 100, 17_000),
        },
    ),
    Slider("ratio", 1.5, 20.0, 0.5, 5.0),
)

PRESETS: dict[str, dict[str, Any]] = {
    "guess": {},
    "fitted": {"beta": 2.1, "eta": 82.0},
    "dear": {"beta": 2.1, "eta": 82.0, "ratio": 10.0},
    "random": {"ratio": 10.0},
    "censored": {"data": ABSORBERS, "beta": 3.16, "eta": 27_700},
}


def fit(values: Values) -> dict[str, float]:
    """Return the shape and scale that make the chosen lives most likely."""
    chosen = lives(values["data"])
    beta, eta = reliability.weibull_fit(chosen.ages, chosen.failed)
    return {"beta": beta, "eta": eta}


@cache
def best_likelihood(name: str) -> float:
    """Return the log-likelihood at the fit."""
    chosen = lives(name)
    return reliability.log_likelihood(
        **fit({"data": name}), lives=chosen.ages, failed=chosen.failed
    )


def weibull_paper(share: Any) -> np.ndarray:
    """Return the height on Weibull paper, ln(−ln(1 − F)), of a share failed."""
    return np.log(-np.log1p(-np.asarray(share, dtype=float)))


def show(values: Values) -> Shown:
    """Compute probability plot, cost rate and numbers for one setting of the controls."""
    name, beta, eta, ratio = (values[key] for key in ("data", "beta", "eta", "ratio"))
    chosen = lives(name)
    ages, share = reliability.plotting_positions(chosen.ages, chosen.failed)
    low, high = chosen.log_axis
    wide = np.geomspace(low, high, 50)
    b10 = reliability.b_life(10, beta, eta)
    age = np.linspace(chosen.axis_end / 200, chosen.axis_end, 200)
    rate = reliability.cost_rate(age, beta, eta, ratio)
    best = reliability.optimal_age(beta, eta, ratio)
    lowest = 1.0 if best is None else float(reliability.cost_rate(best, beta, eta, ratio))
    on_axis = best is not None and best <= chosen.axis_end
    line = 1 - np.exp(-((ages / eta) ** beta))
    likelihood = reliability.log_likelihood(beta, eta, chosen.ages, chosen.failed)
    ten = weibull_paper(0.1)
    return Shown(
        moves={
            "failures": (ages, weibull_paper(share)),
            "line": (wide, beta * np.log(wide / eta)),
            "b10": ([b10, b10, low], [weibull_paper(0.001), ten, ten]),
            "rate": (age, rate),
            "best": ([best], [lowest]) if on_axis else ([], []),
        },
        fields={
            "units": len(chosen.ages),
            "failures": len(ages),
            "running": int(len(chosen.ages) - len(ages)),
            "unit": chosen.unit,
            "beta": beta,
            "eta": _three_figures(eta),
            "ratio": ratio,
            "stray": 100 * float(np.abs(line - share).max()),
            "b10": _three_figures(b10),
            "best": None if best is None else _three_figures(best),
            "lowest": 100 * lowest,
            "saving": None if best is None else 100 * (1 - lowest),
            "likelihood": likelihood,
            "short": max(0.0, best_likelihood(name) - likelihood),
        },
        alt=("points", "censored" if not chosen.failed.all() else "complete", "fit")
        + (("best",) if best is not None else ("none",)),
    )


def _three_figures(age: float) -> str:
    """Return an age to three figures, without exponent, thousands set apart as SI asks."""
    decimals = max(0, 2 - math.floor(math.log10(age)))
    rounded = float(f"{age:.3g}")
    return f"{rounded:,.{decimals}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def draw(name: str = BEARINGS) -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes for a data set and return the figure and what moves in it."""
    figures.use_style()
    fig, (paper, cost) = plt.subplots(2, 1, figsize=(7.4, 5.6))
    (line,) = paper.plot([], [], label="$F(t)$")
    (b10,) = paper.plot([], [], color="0.2", linewidth=1.2, linestyle=":", label="$B_{10}$")
    (failures,) = paper.plot([], [], "o", color="C1", markersize=5, label="$t_i$")
    paper.set(
        xscale="log",
        ylabel="$F$ (%)",
        ylim=weibull_paper([0.006, 0.995]),
        yticks=weibull_paper(np.array(PERCENTS) / 100),
        yticklabels=[str(percent) for percent in PERCENTS],
    )
    paper.grid(visible=True, which="both")
    (rate,) = cost.plot([], [], label="$c(t)$")
    cost.axhline(1.0, color="0.2", linewidth=1.2, linestyle=":")
    (best,) = cost.plot([], [], "D", color="C1", markersize=8, label="$t^*$")
    cost.set(ylabel="$c(t)/c(\\infty)$", ylim=(0.0, 2.0))
    _set_ages(fig, lives(name))
    for axes in (paper, cost):
        legend_above(axes)
    return fig, {"line": line, "b10": b10, "failures": failures, "rate": rate, "best": best}


def _set_ages(fig: Figure, chosen: Lives) -> None:
    paper, cost = fig.axes
    paper.set(xlim=chosen.log_axis, xlabel=chosen.axis)
    paper.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    paper.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    paper.xaxis.set_minor_formatter(NullFormatter())
    cost.set(xlim=(0, chosen.axis_end), xlabel=chosen.axis)


class WeibullLife(App):
    """The app; it changes the axes with the data set."""

    def __init__(self, folder: Path | None = None) -> None:
        self._fig, lines = draw()
        super().__init__(
            "weibull-life",
            CONTROLS,
            PRESETS,
            lambda: (self._fig, lines),
            show,
            actions={"fit": fit},
            folder=folder,
        )

    def changed(self, values: Values) -> None:
        """Show another setting of the controls on the axes of its data."""
        _set_ages(self._fig, lives(values["data"]))
        super().changed(values)


def app(folder: Path | None = None) -> WeibullLife:
    """Return the app."""
    return WeibullLife(folder)
