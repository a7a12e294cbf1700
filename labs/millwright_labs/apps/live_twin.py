"""A digital twin beside its machine: what it believes, when it takes alarm, what it foresees.

Five hours of a live incubator and its twin, which was commissioned before, are run anew for each
setting, and two hours more: what the twin foresees, and what then happens. Machine and twin are
those of `link.start("incubator_live")` and `millwright_labs.twin`, unchanged.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from millwright_labs import figures
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Control, Slider, Switch, Values
from millwright_labs.catalogue import Catalogue
from millwright_labs.link.station import Described, Made, make_station
from millwright_labs.link.stations import incubator_live as live
from millwright_labs.twin import COMMISSIONING, Event, Future, Report, State, Twin, words
from millwright_labs.twin.history import PLACE
from millwright_labs.twin.life import END
from millwright_labs.twin.twin import MODEL_SD

SEED = 7
HOUR = 3600.0  # s
DT = live.SAMPLE_TIME
NOW, LAST = 5.0, 7.0  # hours after commissioning
# The day's programme of set points: from hour, °C.
PROGRAMME = ((0.0, 36.0), (2.5, 32.0), (4.0, 36.0))
# When faults begin (h), and how long the lid stays open (h).
DRIFT_FROM, WEAR_FROM, LID_FROM, LID_TIME = 0.5, 0.5, 1.5, 2 / 3
EVERY = 20  # samples between two points of a line: a minute
DOTS_EVERY = 40

# Of the vertical axes: temperature (°C), power and loss (shares), CUSUM over its threshold.
LIMITS = ((18.0, 52.0), (0.3, 2.2), (0.0, 1.5))

CONTROLS: tuple[Control, ...] = (
    Slider("lid", 0.0, 100.0, 1.0, 0.0),
    Slider("wear", 0.0, 10.0, 0.5, 0.0),
    Slider("drift", 0.0, 2.0, 0.1, 0.0),
    Slider("lost", 0.0, 90.0, 5.0, 0.0),
    Slider("set_point", 26.0, 42.0, 1.0, 39.0),
    Switch("reveal", False),
)

PRESETS: dict[str, dict[str, Any]] = {
    "sound": {},
    "lid": {"lid": 100.0},
    "ajar": {"lid": 4.0},
    "wear": {"wear": 5.0},
    "drift": {"drift": 1.0},
    "lost": {"lost": 80.0},
    "foresee": {"wear": 5.0, "set_point": 42.0, "reveal": True},
}


@dataclass(frozen=True)
class Day:
    """What the machine did and the twin made of it.

    Attributes
    ----------
    t : ndarray, shape (n,)
        Hours since commissioning, up to now.
    rows : ndarray, shape (n, len(COLUMNS))
        The twin's history.
    heater, power, loss : ndarray, shape (n,)
        What is true: the heater's temperature (°C), its power and the box's loss as shares.
    listening : ndarray of bool, shape (n,)
        Whether the twin was in that state.
    state : ndarray
        Of the machine now, by `live.STATE`.
    twin : Twin
    report : Report
    """

    t: np.ndarray
    rows: np.ndarray
    heater: np.ndarray
    power: np.ndarray
    loss: np.ndarray
    listening: np.ndarray
    state: np.ndarray
    twin: Twin
    report: Report


def _samples(hours: float) -> int:
    return round(hours * HOUR / DT)


@cache
def _commissioned() -> tuple[Twin, np.ndarray, np.ndarray]:
    """Return the commissioned twin, the machine's state then, and the noise of the day."""
    set_point = np.concatenate([np.full(round(s / DT), value) for value, s in COMMISSIONING])
    outputs, states = live.simulate(SEED, set_point)
    made = Made("incubator_live", SEED)
    twin = Twin(Described.of(make_station(made)), remember=_samples(LAST))
    twin.take(_table(0, np.append(live.START_SET_POINT, set_point), outputs))
    rng = np.random.default_rng([SEED, 3])
    return twin, states[-1], rng.standard_normal((_samples(LAST), live.DRAWS))


def _table(first: int, set_point: np.ndarray, outputs: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        np.column_stack((set_point, outputs)),
        index=DT * np.arange(first, first + len(outputs)),
        columns=["set_point", *(signal.name for signal in live.OUTPUTS)],
    )


def programme(set_point: float) -> np.ndarray:
    """Return the set point (°C) of each sample: the day's programme, then `set_point` from now."""
    hours = DT / HOUR * np.arange(1, _samples(LAST) + 1)
    values = np.full(len(hours), PROGRAMME[0][1])
    for begin, value in (*PROGRAMME, (NOW, set_point)):
        values[hours > begin] = value
    return values


def faults(lid: float, wear: float, drift: float, lost: float) -> dict[str, np.ndarray]:
    """Return severities of each sample, from the controls' percent, %/h, °C/h and percent."""
    hours = DT / HOUR * np.arange(1, _samples(LAST) + 1)
    return {
        "lid_open": lid / 100 * ((hours > LID_FROM) & (hours <= LID_FROM + LID_TIME)),
        "heater_ageing": wear / 100 / live.AGEING * (hours > WEAR_FROM),
        "T_1_drift": drift / live.DRIFT * (hours > DRIFT_FROM),
        "dropout": np.full(len(hours), lost / 100),
    }


def machine(
    state: np.ndarray, part: slice, set_point: np.ndarray, severities: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Run the machine through a part of the day; return outputs and true states of each sample."""
    twin, _, z = _commissioned()
    n = len(set_point[part])
    given = np.zeros((n, len(live.FAULTS)))
    for name, severity in severities.items():
        given[:, list(live.FAULTS).index(name)] = severity[part]
    s, outputs, states = state.copy(), np.empty((n, 4)), np.empty((n, len(state)))
    first = round(twin.t / DT) + part.start
    p = live.numbers(live.unit(SEED))
    live.run(s, first, set_point[part], p, given, z[part], outputs, states)
    return outputs, states


@lru_cache(maxsize=16)
def day(lid: float, wear: float, drift: float, lost: float) -> Day:
    """Run machine and twin up to now."""
    n = _samples(NOW)
    severities = faults(lid, wear, drift, lost)
    set_point = programme(PROGRAMME[-1][1])
    commissioned, state, _ = _commissioned()
    outputs, states = machine(state, slice(0, n), set_point, severities)
    twin = copy.deepcopy(commissioned)
    before = len(twin.events)
    twin.take(_table(round(commissioned.t / DT) + 1, set_point[:n], outputs))
    twin.events = twin.events[before:]
    box = live.unit(SEED)
    # What the open lid adds, over the loss of the closed box at its usual 10 K.
    closed = box.G_leak + 1 / (1 / box.G_inner + 1 / box.G_outer)
    return Day(
        t=DT / HOUR * np.arange(1, n + 1),
        rows=twin.history.last(n).copy(),
        heater=states[:, live.STATE.index("T_heater")],
        power=1.0 - states[:, live.STATE.index("aged")],
        loss=1.0 + box.G_lid * severities["lid_open"][:n] / closed,
        listening=_listening(twin.events, commissioned.t, n),
        state=states[-1],
        twin=twin,
        report=twin.report(),
    )


def _listening(events: list[Event], begin: float, n: int) -> np.ndarray:
    """Return for each sample whether the twin was neither gathering nor calibrating."""
    listening, last = np.ones(n, dtype=bool), None
    for event in events:
        place = round((event.t - begin) / DT)
        if event.kind == "anomaly" and event.cause != "thermometers":
            last = place if last is None else last
        elif event.kind == "calibration" and last is not None:
            listening[last:place], last = False, None
    if last is not None:
        listening[last:] = False
    return listening


def foresee(day: Day, set_point: float) -> Future:
    """Ask the twin what would come of a set point (°C)."""
    return day.twin.what_if(set_point, LAST - NOW)


def noticed(day: Day, values: Values) -> float | None:
    """Return the seconds from the first fault to the first anomaly; None without either."""
    begins = {"lid": LID_FROM, "wear": WEAR_FROM, "drift": DRIFT_FROM}
    begun = [hour for name, hour in begins.items() if values[name]]
    anomalies = [event.t for event in day.twin.events if event.kind == "anomaly"]
    if not begun or not anomalies:
        return None
    began = _commissioned()[0].t + min(begun) * HOUR
    return next((t - began for t in anomalies if t > began), None)


def show(values: Values) -> Shown:
    """Run one day and compute numbers and what the figure shows."""
    found = day(values["lid"], values["wear"], values["drift"], values["lost"])
    future = foresee(found, values["set_point"])
    happens = np.full(len(future.t), np.nan)
    if values["reveal"]:
        happens = what_happens(values)
    ahead = NOW + future.t / HOUR
    text = _words()
    f = found.report.figures
    rows, t = found.rows[::EVERY], found.t[::EVERY]
    get = {name: rows[:, place] for name, place in PLACE.items()}
    dots = found.rows[::DOTS_EVERY]
    anomalies = [event.t for event in found.twin.events if event.kind == "anomaly"]
    begin = _commissioned()[0].t
    tuning = found.twin.tuning
    outcomes = [event.outcome for event in found.twin.events if event.outcome]
    delay = noticed(found, values)
    busy = np.where(found.listening[::EVERY], 0.0, LIMITS[2][1])
    alt = ["chart", "alarm" if anomalies else "calm"]
    alt += [name for name in ("lid", "wear", "drift", "lost") if values[name]]
    alt.append("reached" if future.reached is not None else "unreached")
    if values["reveal"]:
        alt.append("revealed")
    return Shown(
        moves={
            "measured": (found.t[::DOTS_EVERY], dots[:, PLACE["T_1"]]),
            "second": (found.t[::DOTS_EVERY], dots[:, PLACE["T_2"]]),
            "air": (t, get["T_air"]),
            "heater": (t, found.heater[::EVERY]),
            "heater_guess": (t, get["T_heater"]),
            "future": (ahead[::EVERY], future.low[::EVERY], future.high[::EVERY]),
            "foreseen": (ahead[::EVERY], future.T[::EVERY]),
            "happens": (ahead[::EVERY], happens[::EVERY]),
            "power": (t, found.power[::EVERY]),
            "power_guess": (t, get["power"]),
            "power_band": (t, *_band(get, "power")),
            "heater_band": (t, *_band(get, "T_heater")),
            "loss": (t, found.loss[::EVERY]),
            "loss_guess": (t, get["loss"]),
            "innovation": (t, _peaks(found, "cusum") / tuning.threshold),
            "differs": (t, _peaks(found, "cusum_differs") / tuning.threshold_differs),
            "busy": (t, np.zeros(len(t)), busy),
            "anomalies": ([(at - begin) / HOUR for at in anomalies], [1.35] * len(anomalies)),
        },
        fields={
            **values,
            **f,
            "state": text[f"state.{found.report.state}"],
            "alarms": len(anomalies),
            "noticed": delay,
            "calibrated": " → ".join(words.explain(outcome, text) for outcome in outcomes) or None,
            "heater_error": float(np.sqrt(np.mean((get["T_heater"] - found.heater[::EVERY]) ** 2))),
            "power_2sd": 2 * f["power_sd"],
            "life": None if math.isnan(f["life"]) else f["life"],
            "life_top": f"{f['life_high']:.1f}" if math.isfinite(f["life_high"]) else "∞",
            "advice": " ".join(words.recommend(a, text) for a in found.report.advice)
            or f"{text['advice.none.do']} {text['advice.none.because']}",
            "reached": None if future.reached is None else future.reached / 60,
            "energy": future.energy,
            "end": float(future.T[-1]),
            "happened": float(happens[-_samples(0.1) :].mean()),
            "foretold": float(future.T[-_samples(0.1) :].mean()),
            "is_listening": found.report.state is State.LISTENING,
        },
        alt=tuple(alt),
    )


def what_happens(values: Values) -> np.ndarray:
    """Return the true air temperature (°C) from now on, if the set point is then set."""
    given = (values["lid"], values["wear"], values["drift"], values["lost"])
    rest = slice(_samples(NOW), _samples(LAST))
    _, states = machine(day(*given).state, rest, programme(values["set_point"]), faults(*given))
    return states[:, live.STATE.index("T_air")]


def _peaks(found: Day, name: str) -> np.ndarray:
    """Return the largest value between two points of a line: an alarm must show."""
    return found.rows[:, PLACE[name]].reshape(-1, EVERY).max(axis=1)


@cache
def _words() -> Catalogue:
    return words.catalogue()


def _band(get: Mapping[str, np.ndarray], name: str) -> tuple[np.ndarray, np.ndarray]:
    half = 2 * np.hypot(get[f"{name}_sd"], MODEL_SD[name])
    return get[name] - half, get[name] + half


def draw() -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes and return the figure and what moves in it."""
    figures.use_style()
    fig, (box, belief, cusum) = plt.subplots(
        3, 1, figsize=(7.4, 6.8), sharex=True, height_ratios=(6, 5, 4)
    )
    (measured,) = box.plot([], [], ".", color="0.45", markersize=3, label="$T_1$")
    (second,) = box.plot([], [], "x", color="0.45", markersize=3, label="$T_2$")
    future = box.fill_between([], [], [], color="C4", alpha=0.35, linewidth=0)
    heater_band = box.fill_between([], [], [], color="C1", alpha=0.25, linewidth=0)
    (air,) = box.plot([], [], color="C1", linestyle=(0, (6, 2)), label=r"$\hat{T}$")
    (heater,) = box.plot([], [], color="C0", linestyle="-", linewidth=1.2, label="$T$")
    (heater_guess,) = box.plot([], [], color="C1", linestyle=(0, (6, 2)), linewidth=1.2)
    (foreseen,) = box.plot([], [], color="C4", linestyle="--", label="$T_{?}$")
    (happens,) = box.plot([], [], color="C0", linestyle="-")
    box.text(0.15, 48.5, "$T_{heater}$", verticalalignment="center")
    box.text(0.15, 27, "$T_{box}$", verticalalignment="center")
    box.set(ylabel="$T$ (°C)", ylim=LIMITS[0])
    band = belief.fill_between(
        [], [], [], color="C1", alpha=0.25, linewidth=0, label=r"$\pm 2\sigma$"
    )
    (power,) = belief.plot([], [], color="C0", linestyle="-", label="$p$")
    (power_guess,) = belief.plot([], [], color="C1", linestyle=(0, (6, 2)), label=r"$\hat{p}$")
    (loss,) = belief.plot([], [], color="C2", linestyle="-.", label="$g$")
    (loss_guess,) = belief.plot([], [], color="C3", linestyle=":", label=r"$\hat{g}$")
    belief.axhline(END, color="0.3", linewidth=0.9, linestyle=(0, (1, 2)))
    belief.set(ylabel="$p$, $g$ (1)", ylim=LIMITS[1])
    busy = cusum.fill_between([], [], [], color="0.4", alpha=0.25, linewidth=0)
    (innovation,) = cusum.plot([], [], color="C0", linestyle="-", label="$c_e$")
    (differs,) = cusum.plot([], [], color="C1", linestyle="--", label="$c_d$")
    (anomalies,) = cusum.plot([], [], "v", color="0.1", markersize=7)
    cusum.axhline(1.0, color="0.2", linestyle=":", linewidth=1.2, label="$h$")
    cusum.set(xlabel="$t$ (h)", ylabel="$c/h$ (1)", ylim=LIMITS[2], xlim=(0, LAST))
    for axes in (box, belief, cusum):
        axes.axvline(NOW, color="0.3", linewidth=1.0)
        legend_above(axes)
    return fig, {
        "measured": measured,
        "second": second,
        "air": air,
        "heater": heater,
        "heater_guess": heater_guess,
        "heater_band": heater_band,
        "future": future,
        "foreseen": foreseen,
        "happens": happens,
        "power": power,
        "power_guess": power_guess,
        "power_band": band,
        "loss": loss,
        "loss_guess": loss_guess,
        "innovation": innovation,
        "differs": differs,
        "busy": busy,
        "anomalies": anomalies,
    }


def app(folder: Path | None = None) -> App:
    """Return the app."""
    return App("live-twin", CONTROLS, PRESETS, draw, show, folder=folder)
