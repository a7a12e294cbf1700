"""Tool wear decision: when to change a tool whose wear is known only roughly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from millwright_labs import figures
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Choice, Control, PerChoice, Slider, Switch, Values
from millwright_labs.apps.measured import measured
from millwright_labs.replacement import Costs, Cycle, expected_cycle
from millwright_labs.wear.tool_wear import Tools, tool_wear

SEED = 4
TOOLS, STEPS = 3000, 140
PART_TIME = 1.0  # min of cutting that a part takes
READING_NOISE = 0.02  # mm, standard deviation of a reading under the microscope
# Fewer tools than this that agree with a reading, counted by weight, tell nothing.
FEWEST = 30


@dataclass(frozen=True)
class Work:
    """One kind of cutting, and how long (min) the axes reach."""

    material: str
    feed: float
    depth: float
    horizon: float


WORKS = {
    "iron_light": Work("cast iron", 0.25, 0.75, 140.0),
    "iron_heavy": Work("cast iron", 0.5, 1.5, 70.0),
    "steel_light": Work("steel", 0.25, 0.75, 42.0),
    "steel_heavy": Work("steel", 0.5, 1.5, 14.0),
}
FIRST = "iron_heavy"


def _times(name: str, share: float) -> PerChoice:
    """Return a slider over most of the axis, a hundredth of which is one step."""
    sliders = {}
    for work, kind in WORKS.items():
        step = kind.horizon / STEPS
        value = round(share * STEPS) * step
        sliders[work] = Slider(name, 4 * step, (STEPS - 4) * step, step, value)
    return PerChoice(name, by="work", sliders=sliders)


CONTROLS: tuple[Control, ...] = (
    Choice("work", tuple(WORKS), FIRST),
    _times("change", 0.4),
    Slider("limit", 0.2, 0.8, 0.02, 0.5),
    Slider("failure", 2.0, 40.0, 1.0, 10.0),
    Slider("scrap", 0.0, 2.0, 0.05, 0.2),
    Switch("read", False),
    _times("read_at", 0.25),
    Slider("reading", 0.06, 0.7, 0.01, 0.26),
)
PRESETS: dict[str, dict[str, Any]] = {
    "early": {"change": 10.0},
    "best": {"change": 27.5},
    "late": {"change": 45.0},
    "dear": {"failure": 40.0, "scrap": 1.0},
    "slow": {"read": True, "reading": 0.18},
    "fast": {"read": True, "reading": 0.36},
    "absurd": {"read": True, "reading": 0.7},
    "steel": {"work": "steel_heavy", "change": 6.0},
}


@lru_cache(maxsize=len(WORKS))
def tools(work: str) -> Tools:
    """Return simulated tools for a kind of work."""
    kind = WORKS[work]
    return tool_wear(
        TOOLS,
        kind.horizon,
        kind.horizon / STEPS,
        kind.material,
        kind.feed,
        kind.depth,
        seed=SEED,
    )


@lru_cache(maxsize=64)
def ends(work: str, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Return when each tool breaks and when it reaches the limit (min); inf: not on the axis."""
    known = tools(work)
    return known.time_to(known.break_wear), known.time_to(limit)


@cache
def readings(work: str) -> tuple[np.ndarray, np.ndarray]:
    """Return times (min) and wear (mm) of NASA's tools at this work, if they are here."""
    table = measured("nasa-milling-vb")
    if table is None:
        return np.empty(0), np.empty(0)
    kind = WORKS[work]
    same = (table["material"] == (2 if kind.material == "steel" else 1)) & table["vb"].notna()
    same &= (table["feed"] == kind.feed) & (table["doc"] == kind.depth)
    return table.loc[same, "time"].to_numpy(float), table.loc[same, "vb"].to_numpy(float)


def agreement(work: str, at: float, reading: float) -> np.ndarray | None:
    """Return how well each simulated tool agrees with a reading; None where hardly any does.

    Parameters
    ----------
    work : str
        A key of `WORKS`.
    at : float
        Time of the reading (min).
    reading : float
        Wear read (mm), with `READING_NOISE`.

    Returns
    -------
    ndarray or None
        Weights of the tools, summing to 1; tools that have broken by then have none.
    """
    known = tools(work)
    k = int(np.argmin(np.abs(known.t - at)))
    wear = known.wear[:, k]
    weights = np.exp(-0.5 * ((wear - reading) / READING_NOISE) ** 2)
    weights[wear >= known.break_wear] = 0.0
    if (total := weights.sum()) <= 0:
        return None
    weights /= total
    # The effective number of tools: few with weight, or one with nearly all, count as few.
    return weights if 1 / (weights**2).sum() >= FEWEST else None


@lru_cache(maxsize=len(WORKS))
def ranked(work: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return every other time (n,), the tools' order by wear at each, and their wear in it.

    Both have shape (tools, n). Sorted once, quantiles under any weights cost milliseconds.
    """
    known = tools(work)
    wear = known.wear[:, ::2]
    order = np.argsort(wear, axis=0)
    return known.t[::2], order, np.take_along_axis(wear, order, axis=0)


def quantiles(work: str, weights: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """Return quantiles of the wear over weighted tools at the times of `ranked`."""
    _, order, wear = ranked(work)
    gone = np.cumsum(weights[order], axis=0)
    columns = np.arange(wear.shape[1])
    rows = [np.minimum((gone < share).sum(axis=0), len(wear) - 1) for share in shares]
    return np.array([wear[row, columns] for row in rows])


@lru_cache(maxsize=len(WORKS))
def usual_wear(work: str) -> np.ndarray:
    """Return the 5, 50 and 95 % quantiles of the wear over all tools, shape (3, times)."""
    return quantiles(work, np.full(TOOLS, 1 / TOOLS), (0.05, 0.5, 0.95))


@dataclass(frozen=True)
class Decision:
    """The plan for all tools, and what a reading says of one.

    `plan` and `best` belong to all tools; `own` and `own_best` to the tool that was read, None
    where there is no reading that can be believed. `loss` is cost less the worth of the good work
    at the best plan's rate, in planned changes: the least is 0 for all tools.
    """

    t: np.ndarray
    plan: Cycle
    best: int
    own: Cycle | None
    own_best: int | None
    weights: np.ndarray | None

    @property
    def rate(self) -> float:
        """What a minute of good cutting costs under the best plan."""
        return float(self.plan.rate[self.best])

    @property
    def loss(self) -> np.ndarray:
        """The loss of each time of change, for all tools."""
        return self.plan.loss(self.rate)

    @property
    def own_loss(self) -> np.ndarray | None:
        """The loss of each time of change, for the tool that was read."""
        return None if self.own is None else self.own.loss(self.rate)


def decide(values: Values) -> Decision:
    """Return the expected cost of each time of change, for all tools and for the one read."""
    work = values["work"]
    t = tools(work).t[1:]
    breaks, spoils = ends(work, values["limit"])
    costs = Costs(1.0, values["failure"], values["scrap"] / PART_TIME)
    plan = expected_cycle(t, breaks, spoils, costs)
    best = int(np.argmin(plan.rate))
    weights = None
    if values["read"]:
        weights = agreement(work, values["read_at"], values["reading"])
    if weights is None:
        return Decision(t, plan, best, None, None, None)
    own = expected_cycle(t, breaks, spoils, costs, weights)
    # The past cannot be planned any more.
    ahead = t >= values["read_at"] - 1e-9
    own_best = int(np.argmin(np.where(ahead, own.loss(float(plan.rate[best])), np.inf)))
    return Decision(t, plan, best, own, own_best, weights)


def show(values: Values) -> Shown:
    """Compute wear, losses and what the figure shows."""
    work = values["work"]
    made, t = decide(values), ranked(work)[0]
    low, middle, high = usual_wear(work)
    # A tool that was read has not been changed before.
    when = values["change"] if made.own is None else max(values["change"], values["read_at"])
    chosen = int(np.argmin(np.abs(made.t - when)))
    own_loss, own_best = made.own_loss, made.own_best
    ahead = made.t >= values["read_at"] - 1e-9
    nothing: tuple[list[float], list[float]] = ([], [])
    own_band: tuple[Any, ...] = ([], [], [])
    if made.weights is not None:
        later = t >= values["read_at"] - 1e-9
        bottom, top = quantiles(work, made.weights, (0.05, 0.95))
        own_band = (t[later], bottom[later], top[later])
    times, wear = readings(work)
    end = WORKS[work].horizon
    loss = made.loss if own_loss is None else own_loss
    best = made.best if own_best is None else own_best
    return Shown(
        moves={
            "fleet": (t, low, high),
            "middle": (t, middle),
            "own": own_band,
            "limit": ([0, end], [values["limit"]] * 2),
            "read": ([values["read_at"]], [values["reading"]]) if values["read"] else nothing,
            "measured": (times, wear),
            "change": ([values["change"]] * 2, [0.0, WEAR_TOP]),
            "loss": (made.t, np.minimum(made.loss, 2 * LOSS_AXIS[1])),
            "own_loss": nothing
            if own_loss is None
            else (made.t[ahead], np.minimum(own_loss[ahead], 2 * LOSS_AXIS[1])),
            "best": ([made.t[made.best]], [made.loss[made.best]]),
            "own_best": nothing
            if own_loss is None
            else ([made.t[best]], [max(float(loss[best]), LOSS_AXIS[0])]),
            "change_below": ([values["change"]] * 2, list(LOSS_AXIS)),
        },
        fields={
            **values,
            "end": end,
            "at_best": float(made.t[made.best]),
            "own_at": None if own_best is None else float(made.t[own_best]),
            "own_gain": None if own_loss is None else float(own_loss[made.best] - own_loss[best]),
            "extra": float(loss[chosen] - loss[best]),
            "risk": 100 * float((made.plan if made.own is None else made.own).failure[chosen]),
            "price": made.rate * PART_TIME,
            "own_price": float(made.plan.rate[chosen]) * PART_TIME,
            "low": float(low[-1]),
            "high": float(high[-1]),
            "tools": len(times),
            "trust": "unread"
            if not values["read"]
            else ("absurd" if made.weights is None else "agree"),
        },
        alt=(
            "wear",
            *(("measured",) if len(times) else ()),
            "loss",
            "change",
            *(() if not values["read"] else ("absurd",) if own_best is None else ("own",)),
        ),
    )


WEAR_TOP = 1.0  # mm
LOSS_AXIS = (-1.0, 6.0)  # planned changes


def draw(with_readings: bool = False) -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes and return the figure and what moves in it."""
    figures.use_style()
    fig, (wear, loss) = plt.subplots(2, 1, figsize=(7.4, 6.0), sharex=True)
    fleet = wear.fill_between([], [], [], color="C0", alpha=0.2, linewidth=0)
    own = wear.fill_between([], [], [], color="C1", alpha=0.35, linewidth=0)
    (middle,) = wear.plot([], [], color="C0", linestyle="-", label="$VB$")
    (limit,) = wear.plot([], [], color="0.2", linestyle=":", label="$VB_{max}$")
    (read,) = wear.plot([], [], "D", color="C1", markersize=7, label="$VB_1$")
    (dots,) = wear.plot([], [], "o", color="0.1", markersize=3.5)
    if with_readings:
        dots.set_label("$VB_\\mathrm{NASA}$")
    (change,) = wear.plot([], [], color="0.45", linestyle="-", linewidth=1.2)
    wear.set(ylabel="$VB$ (mm)", ylim=(0, WEAR_TOP))
    (all_tools,) = loss.plot([], [], color="C0", linestyle="-", label="$\\Delta C$")
    (own_loss,) = loss.plot([], [], color="C1", linestyle=(0, (6, 2)), label="$\\Delta C_1$")
    (best,) = loss.plot([], [], "o", color="C0", markersize=8, label="$t^*$")
    (own_best,) = loss.plot([], [], "D", color="C1", markersize=8, label="$t_1^*$")
    (change_below,) = loss.plot([], [], color="0.45", linestyle="-", linewidth=1.2)
    loss.axhline(0.0, color="0.2", linestyle=":", linewidth=1.2)
    loss.set(
        xlabel="$t$ (min)", ylabel="$\\Delta C$", ylim=LOSS_AXIS, xlim=(0, WORKS[FIRST].horizon)
    )
    for axes in (wear, loss):
        legend_above(axes)
    return fig, {
        "fleet": fleet, "own": own, "middle": middle, "limit": limit, "read": read,
        "measured": dots, "change": change, "loss": all_tools, "own_loss": own_loss, "best": best,
        "own_best": own_best, "change_below": change_below,
    }  # fmt: skip


class ToolWearApp(App):
    """The app; it changes the axis of time with the work."""

    def __init__(self, folder: Path | None = None) -> None:
        present = len(readings(FIRST)[0]) > 0
        self._fig, moving = draw(present)
        super().__init__(
            "tool-wear",
            CONTROLS,
            PRESETS,
            lambda: (self._fig, moving),
            show,
            folder=folder,
            notes=("measured" if present else "no_readings",),
        )

    def changed(self, values: Values) -> None:
        """Show another setting of the controls on the axis of its work."""
        self._fig.axes[1].set_xlim(0, WORKS[values["work"]].horizon)
        super().changed(values)


def app(folder: Path | None = None) -> ToolWearApp:
    """Return the app."""
    return ToolWearApp(folder)
