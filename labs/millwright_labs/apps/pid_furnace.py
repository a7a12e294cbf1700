"""PID on a furnace zone: tune a controller, meet windup, see what a disturbance does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from millwright_labs import figures, plants
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Control, Slider, Switch, Values

SAMPLE_TIME = 2.0  # s
DURATION = 2400.0  # s
# The neighbouring zone is switched on here and pushes heat over.
DISTURBANCE_TIME = 1500.0  # s
DISTURBANCE = 60.0  # %
# Settled means: no further from the set point than this, until the disturbance comes.
BAND = 1.0  # °C
# The derivative is filtered with a time constant of Td / N, as industrial controllers do.
DERIVATIVE_FILTER = 8
SEED = 4

CONTROLS: tuple[Control, ...] = (
    Slider("gain", 0.5, 40.0, 0.5, 8.0),
    Slider("integral_time", 10.0, 600.0, 10.0, 150.0),
    Slider("derivative_time", 0.0, 60.0, 1.0, 0.0),
    Slider("setpoint", 30.0, 70.0, 1.0, 50.0),
    Slider("heater_limit", 30.0, 100.0, 1.0, 100.0),
    Switch("antiwindup", True),
)

PRESETS: dict[str, dict[str, Any]] = {
    "tuned": {},
    "sluggish": {"gain": 1.0, "integral_time": 300.0},
    "oscillating": {"integral_time": 10.0},
    "windup": {"integral_time": 60.0, "heater_limit": 60.0, "antiwindup": False},
    "antiwindup": {"integral_time": 60.0, "heater_limit": 60.0},
    "noisy": {"gain": 20.0, "derivative_time": 40.0},
}


@dataclass(frozen=True)
class Run:
    """One test run of the controlled zone.

    Attributes
    ----------
    t : ndarray, shape (n,)
        Time (s).
    measured : ndarray, shape (n,)
        What the thermometer reads (°C), with noise and steps of the converter.
    true : ndarray, shape (n,)
        The thermometer's temperature without them (°C).
    power : ndarray, shape (n,)
        Heater power (%) from each time to the next.
    """

    t: np.ndarray
    measured: np.ndarray
    true: np.ndarray
    power: np.ndarray


def run(
    gain: float,
    integral_time: float,
    derivative_time: float,
    setpoint: float,
    heater_limit: float,
    antiwindup: bool,
) -> Run:
    """Run the zone from rest under a PID controller.

    Parameters
    ----------
    gain : float
        Kp (%/°C).
    integral_time, derivative_time : float
        Ti and Td (s).
    setpoint : float
        Set point (°C) from the first sample on.
    heater_limit : float
        Highest power (%) that the controller may ask for.
    antiwindup : bool
        Stop integrating while the heater is at a limit and the error pushes further.
    """
    rig = plants.Rig(plants.furnace_zone(), dt=SAMPLE_TIME, seed=SEED)
    count = round(DURATION / SAMPLE_TIME) + 1
    t = SAMPLE_TIME * np.arange(count)
    measured, true, power = np.empty(count), np.empty(count), np.empty(count)
    integral, slope = 0.0, 0.0
    last = rig.y["T1"]
    smoothing = SAMPLE_TIME / (SAMPLE_TIME + derivative_time / DERIVATIVE_FILTER)
    for k in range(count):
        reading = rig.y["T1"]
        error = setpoint - reading
        slope += smoothing * ((reading - last) / SAMPLE_TIME - slope)
        last = reading
        wanted = gain * (error - derivative_time * slope) + integral
        given = min(max(wanted, 0.0), heater_limit)
        if not antiwindup or given == wanted or (wanted > given) == (error < 0):
            integral += gain * SAMPLE_TIME / integral_time * error
        measured[k], true[k], power[k] = reading, rig.x[2], given
        rig.step(Q1=given, Q2=DISTURBANCE if t[k] >= DISTURBANCE_TIME else 0.0)
    return Run(t, measured, true, power)


@dataclass(frozen=True)
class Quality:
    """How good a run is.

    Attributes
    ----------
    overshoot : float
        Highest temperature over the set point before the disturbance (°C), at least 0.
    overshoot_percent : float
        The same as a share of the step from the start (%).
    settling : float or None
        Time (s) after which the zone stays within `BAND` of the set point until the disturbance;
        None if it does not.
    deviation : float
        Largest distance from the set point after the disturbance (°C).
    iae : float
        Integral of the absolute error over the whole run (°C·s).
    saturated : float
        Share of the time before the disturbance with the heater at a limit (%).
    """

    overshoot: float
    overshoot_percent: float
    settling: float | None
    deviation: float
    iae: float
    saturated: float


def quality(run: Run, setpoint: float, heater_limit: float) -> Quality:
    """Return how good a run is, judged on the true temperature."""
    calm = run.t < DISTURBANCE_TIME
    error = setpoint - run.true
    overshoot = max(0.0, float(-error[calm].min()))
    outside = np.flatnonzero(np.abs(error[calm]) > BAND)
    if not len(outside):
        settling: float | None = 0.0
    elif outside[-1] + 1 == calm.sum():
        settling = None
    else:
        settling = float(run.t[outside[-1] + 1])
    at_limit = (run.power <= 0) | (run.power >= heater_limit)
    return Quality(
        overshoot=overshoot,
        overshoot_percent=100 * overshoot / abs(setpoint - float(run.true[0])),
        settling=settling,
        deviation=float(np.abs(error[~calm]).max()),
        iae=float(np.abs(error).sum() * SAMPLE_TIME),
        saturated=100 * float(at_limit[calm].mean()),
    )


def show(values: Values) -> Shown:
    """Compute one run, its numbers and what the figure shows."""
    test = run(**values)
    setpoint = values["setpoint"]
    numbers = quality(test, setpoint, values["heater_limit"])
    flat = np.full(2, setpoint)
    ends = [0.0, DURATION]
    settled = "unsettled" if numbers.settling is None else "settled"
    return Shown(
        moves={
            "band": (ends, flat - BAND, flat + BAND),
            "measured": (test.t, test.measured),
            "setpoint": (ends, flat),
            "power": (test.t, test.power),
            "limit": (ends, np.full(2, values["heater_limit"])),
        },
        fields={
            **values,
            **vars(numbers),
            "band": BAND,
            "top": float(test.true.max()),
            "disturbance_time": DISTURBANCE_TIME,
        },
        alt=(
            "chart",
            "overshoot" if numbers.overshoot > BAND else "smooth",
            settled,
            "disturbance",
            "power",
        ),
    )


def draw() -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes and return the figure and what moves in it."""
    figures.use_style()
    fig, (temperature, heater) = plt.subplots(
        2, 1, figsize=(7.4, 5.2), sharex=True, height_ratios=(3, 2)
    )
    band = temperature.fill_between([], [], [], color="C1", alpha=0.15, linewidth=0)
    (setpoint,) = temperature.plot([], [], color="C1", linestyle=(0, (6, 2)), label="$r$")
    (measured,) = temperature.plot([], [], color="C0", linestyle="-", label="$T_1$")
    temperature.set(ylabel="$T_1$ (°C)", ylim=(15, 85))
    (limit,) = heater.plot([], [], color="0.2", linestyle=":", linewidth=1.2, label="$Q_{max}$")
    (power,) = heater.plot([], [], color="C2", linestyle="-", drawstyle="steps-post", label="$Q_1$")
    heater.set(xlabel="$t$ (s)", ylabel="$Q_1$ (%)", xlim=(0, DURATION), ylim=(-4, 104))
    heater.set_xticks(np.arange(0, DURATION + 1, 600))
    for axes in (temperature, heater):
        axes.axvline(DISTURBANCE_TIME, color="0.45", linewidth=1.0, linestyle="-")
        legend_above(axes)
    return fig, {
        "band": band,
        "setpoint": setpoint,
        "measured": measured,
        "limit": limit,
        "power": power,
    }


def app(folder: Path | None = None) -> App:
    """Return the app."""
    return App("pid-furnace", CONTROLS, PRESETS, draw, show, folder=folder)
