"""Kalman filter on the incubator: estimate a heater temperature that nobody measures.

The box is `plants.incubator` with its sensor. The filter's model is the same box without two things
that happen to the real one: the room's temperature wanders, and the lid may be opened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import control as ct
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter
from scipy import stats

from millwright_labs import figures, plants
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Control, LogSlider, Slider, Switch, Values

SAMPLE_TIME = 3.0  # s
DURATION = 3600.0  # s
SEED = 11

# The filter's covariances at factor 1: process noise (K² a sample, each state), sensor noise (K²).
PROCESS_NOISE = 1e-4
SENSOR_NOISE = 0.0625
# What the filter knows at the start: standard deviations (K) of heater and air temperature.
START_SPREAD = (2.0, 0.5)

# The heater is on until the box is warm, then off and on again in this rhythm.
WARM_UP = 900.0  # s
RHYTHM = 300.0  # s, half of it on

ROOM = 21.0  # °C, what the filter takes the room to be
ROOM_SWING = 1.5  # K, what the room really does around it
ROOM_PERIOD = 2400.0  # s

LID_OPEN = 240.0  # s, how long the lid stays ajar
LID_SEVERITY = 0.1  # of fully open

# NIS is averaged over so many measurements, or single ones would hide the picture.
WINDOW = 40
CONFIDENCE = 0.95
# A consistent filter's window is above the alarm once in ten thousand.
ALARM = 1e-4
# The filter is judged from here on, when the start is forgotten, until the lid is opened.
SETTLED = 300.0  # s

# Of the three charts' vertical axes: temperatures (°C), error (K), NIS.
LIMITS = ((18.0, 50.0), (-3.0, 3.0), (0.2, 100.0))
# Every measurement would be a grey bar; the filter still gets all of them.
DOT_EVERY = 3

CONTROLS: tuple[Control, ...] = (
    LogSlider("process", 1e-2, 1e4, 5.6),
    LogSlider("sensor", 1e-2, 1e2, 1.0),
    Slider("missing", 0.0, 95.0, 5.0, 0.0),
    Switch("lid", False),
    Slider("lid_time", 900.0, 3000.0, 60.0, 1800.0),
)

PRESETS: dict[str, dict[str, Any]] = {
    "tuned": {},
    "guess": {"process": 1.0},
    "trusting": {"process": 0.01},
    "nervous": {"process": 1000.0},
    "gaps": {"missing": 80.0},
    "lid": {"lid": True},
}


@dataclass(frozen=True)
class Record:
    """What happened in the box: time (s), heater drive, temperatures (°C), each shape (n,)."""

    t: np.ndarray
    drive: np.ndarray
    measured: np.ndarray
    air: np.ndarray
    heater: np.ndarray


def _hour() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return time (s), heater drive and room temperature (°C) of the hour."""
    t = SAMPLE_TIME * np.arange(round(DURATION / SAMPLE_TIME) + 1)
    drive = np.where((t < WARM_UP) | ((t - WARM_UP) % RHYTHM >= RHYTHM / 2), 1.0, 0.0)
    return t, drive, ROOM + ROOM_SWING * np.sin(2 * np.pi * t / ROOM_PERIOD)


def _states(lid: float, x0: np.ndarray | None, first: int, last: int) -> np.ndarray:
    """Return the box's states from sample `first` to `last`, the lid open by a share `lid`."""
    _, drive, room = _hour()
    P = plants.incubator(faults={"lid_open": lid} if lid else None)
    rig = plants.Rig(P, dt=SAMPLE_TIME, x0=x0, sensors=False)
    states = [rig.x]
    for k in range(first, last):
        rig.step(heater=float(drive[k]), T_room=float(room[k]))
        states.append(rig.x)
    return np.array(states)


@cache
def _closed() -> np.ndarray:
    return _states(0.0, None, 0, len(_hour()[0]) - 1)


@lru_cache(maxsize=64)
def record(lid_time: float | None) -> Record:
    """Run the box for an hour; the lid is ajar from `lid_time` (s) on, or never."""
    t, drive, _ = _hour()
    states = _closed()
    if lid_time is not None:
        # Until the lid opens nothing differs, and a slider must not wait for the same half hour.
        opens, closes = np.searchsorted(t, (lid_time, lid_time + LID_OPEN)).tolist()
        ajar = _states(LID_SEVERITY, states[opens], opens, closes)
        after = _states(0.0, ajar[-1], closes, len(t) - 1)
        states = np.concatenate((states[:opens], ajar, after[1:]))
    heater, air = states.T
    sensor = plants.incubator().model.sensors["T_box"]
    noisy = air + sensor.noise * np.random.default_rng(SEED).standard_normal(len(t))
    return Record(t, drive, sensor.step * np.round(noisy / sensor.step), air, heater)


@cache
def _model() -> tuple[np.ndarray, np.ndarray]:
    """Return A and B of the box, exact for inputs held over a sample."""
    P = plants.incubator()
    sys = ct.c2d(P.linearize(P.x0, P.u0), SAMPLE_TIME)
    return np.asarray(sys.A), np.asarray(sys.B)


@dataclass(frozen=True)
class Estimate:
    """What the filter makes of a record; all shape (n,).

    Attributes
    ----------
    air, heater : ndarray
        Estimated temperatures (°C).
    spread : ndarray
        The filter's own standard deviation of `heater` (K).
    nis : ndarray
        Innovation squared over its predicted variance; NaN where no measurement came.
    """

    air: np.ndarray
    heater: np.ndarray
    spread: np.ndarray
    nis: np.ndarray


def estimate(record: Record, process: float, sensor: float, missing: float) -> Estimate:
    """Filter a record.

    Parameters
    ----------
    record : Record
        The run.
    process, sensor : float
        Factors on `PROCESS_NOISE` and `SENSOR_NOISE`.
    missing : float
        Share of the measurements (%) that the filter never gets.
    """
    (a, b), (c, d) = (map(float, row) for row in _model()[0])
    (e, f), (g, h) = (map(float, row) for row in _model()[1])
    q, r = process * PROCESS_NOISE, sensor * SENSOR_NOISE
    lost = np.random.default_rng(SEED).random(len(record.t)) < missing / 100
    x = z = float(record.measured[0])
    p, s, v = START_SPREAD[0] ** 2, 0.0, START_SPREAD[1] ** 2
    rows = []
    # Two states: x heater and z air with covariance [[p, s], [s, v]]; only z is measured.
    for drive, reading, gone in zip(
        record.drive.tolist(), record.measured.tolist(), lost.tolist(), strict=True
    ):
        nis = math.nan
        if not gone:
            innovation, variance = reading - z, v + r
            gain_x, gain_z = s / variance, v / variance
            nis = innovation * innovation / variance
            x, z = x + gain_x * innovation, z + gain_z * innovation
            p, s, v = p - gain_x * s, (1 - gain_z) * s, (1 - gain_z) * v
        rows.append((z, x, p, nis))
        x, z = a * x + b * z + e * drive + f * ROOM, c * x + d * z + g * drive + h * ROOM
        ap, as_, cp, cs = a * p + b * s, a * s + b * v, c * p + d * s, c * s + d * v
        p, s, v = ap * a + as_ * b + q, ap * c + as_ * d, cp * c + cs * d + q
    air, heater, variance_x, nis_all = np.array(rows).T
    return Estimate(air, heater, np.sqrt(variance_x), nis_all)


def window_mean(nis: np.ndarray) -> np.ndarray:
    """Return the mean of the last `WINDOW` values that are there; NaN until there are so many."""
    there = np.flatnonzero(~np.isnan(nis))
    mean = np.full(len(nis), np.nan)
    if len(there) >= WINDOW:
        total = np.cumsum(np.concatenate(([0.0], nis[there])))
        mean[there[WINDOW - 1 :]] = (total[WINDOW:] - total[:-WINDOW]) / WINDOW
    return mean


@cache
def nis_band(count: int) -> tuple[float, float]:
    """Return where the mean of `count` NIS values of a consistent filter lies, 95 times in 100."""
    tail = (1 - CONFIDENCE) / 2
    chi2 = stats.chi2(count)
    return float(chi2.ppf(tail) / count), float(chi2.ppf(1 - tail) / count)


@cache
def alarm_level() -> float:
    """Return the window's mean NIS that raises the alarm."""
    return float(stats.chi2(WINDOW).isf(ALARM) / WINDOW)


@dataclass(frozen=True)
class Quality:
    """How good the estimate is.

    Attributes
    ----------
    rms : float
        Root mean square error of the heater temperature (K), from `SETTLED` on.
    inside : float
        Share of that time (%) with the true heater temperature within two standard deviations.
    nis : float or None
        Mean NIS from `SETTLED` until the lid is opened; None with too few measurements.
    nis_low, nis_high : float
        The 95 % band for it.
    noticed : float or None
        Time (s) from opening the lid until the window's mean NIS passes the alarm level; None if it
        does not while the lid is open, or had passed it before.
    """

    rms: float
    inside: float
    nis: float | None
    nis_low: float
    nis_high: float
    noticed: float | None


def quality(record: Record, estimate: Estimate, lid_time: float | None) -> Quality:
    """Compare an estimate with what really happened."""
    late = record.t >= SETTLED
    calm = late & (record.t < (math.inf if lid_time is None else lid_time))
    error = (estimate.heater - record.heater)[late]
    judged = estimate.nis[calm]
    judged = judged[~np.isnan(judged)]
    low, high = nis_band(max(len(judged), 1))
    noticed = None
    if lid_time is not None:
        mean = window_mean(estimate.nis)
        last = mean[(record.t < lid_time) & ~np.isnan(mean)][-1:]
        ajar = (record.t >= lid_time) & (record.t < lid_time + LID_OPEN)
        over = np.flatnonzero(ajar & (mean > alarm_level()))
        if len(over) and not (last > alarm_level()).any():
            noticed = float(record.t[over[0]] - lid_time)
    return Quality(
        rms=float(np.sqrt(np.mean(error**2))),
        inside=100 * float(np.mean(np.abs(error) <= 2 * estimate.spread[late])),
        nis=float(judged.mean()) if len(judged) >= WINDOW else None,
        nis_low=low,
        nis_high=high,
        noticed=noticed,
    )


def show(values: Values) -> Shown:
    """Filter one record and compute numbers and what the figure shows."""
    lid_time = values["lid_time"] if values["lid"] else None
    box = record(lid_time)
    guess = estimate(box, values["process"], values["sensor"], values["missing"])
    numbers = quality(box, guess, lid_time)
    lid = [] if lid_time is None else [lid_time, lid_time + LID_OPEN]
    lost = np.isnan(guess.nis)
    mean = window_mean(guess.nis)
    judged = ~np.isnan(mean)
    if numbers.nis is None:
        verdict = "unknown"
    elif numbers.nis > numbers.nis_high:
        verdict = "surprised"
    else:
        verdict = "cautious" if numbers.nis < numbers.nis_low else "consistent"
    alt = ["chart", verdict]
    if lid_time is not None:
        alt.append("unnoticed" if numbers.noticed is None else "noticed")
    return Shown(
        moves={
            "measured": (box.t[~lost][::DOT_EVERY], box.measured[~lost][::DOT_EVERY]),
            "air": (box.t, box.air),
            "air_estimate": (box.t, guess.air),
            "heater": (box.t, box.heater),
            "heater_estimate": (box.t, guess.heater),
            "spread": (box.t, -2 * guess.spread, 2 * guess.spread),
            "error": (box.t, guess.heater - box.heater),
            "nis": (box.t[judged], mean[judged]),
            **{
                f"lid_{k}": (lid, [low] * len(lid), [high] * len(lid))
                for k, (low, high) in enumerate(LIMITS)
            },
        },
        fields={
            **values,
            **vars(numbers),
            "band": 2 * float(np.median(guess.spread)),
            "window": WINDOW,
            "lid_open": LID_OPEN,
        },
        alt=tuple(alt),
    )


def draw() -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes and return the figure and what moves in it."""
    figures.use_style()
    fig, (box, heater, nis) = plt.subplots(
        3, 1, figsize=(7.4, 6.6), sharex=True, height_ratios=(5, 5, 4)
    )
    lid = {
        f"lid_{k}": axes.fill_between([], [], [], color="0.4", alpha=0.25, linewidth=0)
        for k, axes in enumerate((box, heater, nis))
    }
    (measured,) = box.plot([], [], ".", color="0.45", markersize=3, label="$y$")
    # Heater and air look alike and are named in the chart: the legend must fit a phone.
    (air,) = box.plot([], [], color="C0", linestyle="-", label="$T$")
    (air_guess,) = box.plot([], [], color="C1", linestyle=(0, (6, 2)), label=r"$\hat{T}$")
    (hot,) = box.plot([], [], color="C0", linestyle="-")
    (hot_guess,) = box.plot([], [], color="C1", linestyle=(0, (6, 2)))
    for t, temperature, symbol in ((150, 43, "$T_{heater}$"), (1150, 30, "$T_{box}$")):
        box.text(t, temperature, symbol, verticalalignment="center")
    box.set(ylabel="$T$ (°C)", ylim=LIMITS[0])
    spread = heater.fill_between(
        [], [], [], color="C4", alpha=0.4, linewidth=0, label=r"$\pm 2\sigma$"
    )
    (error,) = heater.plot(
        [], [], color="C3", linestyle="-", linewidth=1.2, label=r"$\hat{T}_{heater}-T_{heater}$"
    )
    heater.set(ylabel=r"$\Delta T$ (°C)", ylim=LIMITS[1])
    low, high = nis_band(WINDOW)
    nis.axhspan(low, high, color="C0", alpha=0.15, linewidth=0, label="95 %")
    nis.axhline(alarm_level(), color="0.2", linestyle=":", linewidth=1.2, label="99.99 %")
    (ratio,) = nis.plot([], [], color="C0", linestyle="-", label="NIS")
    nis.set(xlabel="$t$ (s)", ylabel="NIS", yscale="log", ylim=LIMITS[2], xlim=(0, DURATION))
    nis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    nis.set_xticks(np.arange(0, DURATION + 1, 600))
    for axes in (box, heater, nis):
        legend_above(axes)
    return fig, {
        **lid,
        "measured": measured,
        "air": air,
        "air_estimate": air_guess,
        "heater": hot,
        "heater_estimate": hot_guess,
        "spread": spread,
        "error": error,
        "nis": ratio,
    }


def app(folder: Path | None = None) -> App:
    """Return the app."""
    return App("kalman-incubator", CONTROLS, PRESETS, draw, show, folder=folder)
