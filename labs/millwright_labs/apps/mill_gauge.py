"""Thickness control of a rolling stand: gaugemeter, monitor, and rolls that are not round.

The stand is that of `plants.mill_agc`, with its numbers. Two controllers act on the gap: the
gaugemeter, which takes the thickness in the gap from the rolling force and a model of the stand,
and the monitor, which integrates the error that the X-ray gauge sees metres later.
"""

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

from millwright_labs import figures
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Control, Slider, Values
from millwright_labs.plants.mill_agc import MillAgc

MILL = MillAgc()
SAMPLE_TIME = 0.004  # s, a fifth of the gap servo's lag
DURATION = 6.0  # s
# Harder strip enters the stand here.
HARDER_TIME = 1.0  # s
# Eccentricity is judged at the end, when the monitor has settled.
LATE = 4.0  # s
# Strip that is further off than this is not sold.
TOLERANCE = 10.0  # µm
OMEGA = np.geomspace(0.05, 100.0, 1500)  # rad/s

MICRONS = 1000.0  # in a millimetre
THICKNESS_AXIS, GAP_AXIS = (-80.0, 80.0), (-300.0, 150.0)  # µm
# C relative to the true spring goes up to 1.43, where the servo's own force nearly runs away.
LARGEST = 1.45
GIVEN_UP = 1000.0  # µm, the most that is followed of a control that runs away

CONTROLS: tuple[Control, ...] = (
    Slider("compensation", 0.0, 1.0, 0.05, 0.0),
    Slider("modulus_error", -30.0, 30.0, 5.0, 0.0),
    Slider("monitor", 0.0, 20.0, 0.5, 7.5),
    Slider("speed", 4.0, 15.0, 0.5, 10.0),
    Slider("hardness", -20.0, 20.0, 1.0, 10.0),
    Slider("eccentricity", 0.0, 50.0, 1.0, 0.0),
)

PRESETS: dict[str, dict[str, Any]] = {
    "monitor": {},
    "gaugemeter": {"compensation": 0.8, "monitor": 3.5},
    "eccentric": {"compensation": 0.8, "monitor": 3.5, "eccentricity": 30.0},
    "round": {"monitor": 3.5, "eccentricity": 30.0},
    "slow": {"speed": 4.0},
    "wrong": {"compensation": 1.0, "modulus_error": -20.0, "monitor": 2.0},
}


def sensitivities(compensation: Any) -> tuple[Any, Any]:
    """Return how much of a disturbance reaches the strip, at rest and without the monitor.

    Parameters
    ----------
    compensation : float or ndarray
        C, the share of the stand's spring that the gaugemeter takes back: of the true spring, so
        that a modulus taken too low counts as a larger C.

    Returns
    -------
    entry, eccentricity : float or ndarray
        Change of exit thickness for a change of entry thickness (or of hardness, written as
        one), and for a change of the gap by the rolls.
    """
    strip = MILL.Q / (MILL.M + MILL.Q)
    return strip * (1 - compensation) / (1 - strip * compensation), (1 - strip) / (
        1 - strip * compensation
    )


def true_compensation(compensation: float, modulus_error: float) -> float:
    """Return C relative to the true spring, for a modulus that is taken too high by so many %."""
    return compensation / (1 + modulus_error / 100)


@dataclass(frozen=True)
class Run:
    """Six seconds of rolling; all shape (n,), thickness and gap as deviations (µm).

    Attributes
    ----------
    t : ndarray
        Time (s).
    gap_exit : ndarray
        Thickness in the roll gap, that nobody can measure.
    gauge : ndarray
        Thickness that the X-ray gauge reads.
    gap : ndarray
        Roll gap without load.
    """

    t: np.ndarray
    gap_exit: np.ndarray
    gauge: np.ndarray
    gap: np.ndarray


def run(
    compensation: float,
    modulus_error: float,
    monitor: float,
    speed: float,
    hardness: float,
    eccentricity: float,
) -> Run:
    """Roll a strip that becomes harder after a second.

    Parameters
    ----------
    compensation : float
        C of the gaugemeter: 0 is off, 1 takes back the whole spring that the model knows.
    modulus_error : float
        How far the model's modulus is above the true one (%).
    monitor : float
        Integral gain of the monitor (1/s).
    speed : float
        Speed of the strip (m/s).
    hardness : float
        How much harder the strip becomes (%).
    eccentricity : float
        Amplitude of the backup roll's eccentricity (µm).
    """
    M, turning = MILL.M, speed / MILL.roll_radius
    model = M * (1 + modulus_error / 100)
    h0 = (M * MILL.S_rest + MILL.Q * MILL.H_rest) / (M + MILL.Q)
    F0 = M * (h0 - MILL.S_rest)
    hold = math.exp(-SAMPLE_TIME / MILL.servo_lag)
    delay = MILL.gauge_distance / speed
    late, rest = divmod(delay / SAMPLE_TIME, 1.0)
    late = int(late)
    count = round(DURATION / SAMPLE_TIME) + 1
    # The strip before the start has its thickness.
    passed = [0.0] * (late + 1)
    gap, correction, largest = 0.0, 0.0, GIVEN_UP / MICRONS
    rows = []
    for k in range(count):
        t = k * SAMPLE_TIME
        Q = MILL.Q * (1 + hardness / 100 * (t >= HARDER_TIME))
        bump = eccentricity / MICRONS * math.sin(turning * t)
        F = M * Q / (M + Q) * max(MILL.H_rest - MILL.S_rest - gap - bump, 0.0)
        h = MILL.H_rest - F / Q - h0
        passed.append(h)
        gauge = passed[-1 - late] + rest * (passed[-2 - late] - passed[-1 - late])
        rows.append((h, gauge, gap))
        correction -= monitor * SAMPLE_TIME * gauge
        wanted = correction - compensation * (F - F0) / model
        gap = hold * gap + (1 - hold) * wanted
        gap = min(max(gap, -largest), largest)
        correction = min(max(correction, -largest), largest)
    h_all, gauge_all, gap_all = MICRONS * np.array(rows).T
    return Run(SAMPLE_TIME * np.arange(count), h_all, gauge_all, gap_all)


@dataclass(frozen=True)
class Margins:
    """Margins of the monitor's loop around gap servo, gaugemeter and strip.

    Attributes
    ----------
    pm : float
        Phase margin (°).
    gm : float
        Gain margin (1); below 1 the loop is unstable.
    Ms : float
        Peak of the sensitivity.
    """

    pm: float
    gm: float
    Ms: float


def margins(compensation: float, monitor: float, speed: float) -> Margins | None:
    """Return the margins of the monitor's loop, None where it is off.

    Parameters
    ----------
    compensation : float
        C relative to the true spring.
    monitor : float
        Integral gain (1/s).
    speed : float
        Speed of the strip (m/s).
    """
    if not monitor:
        return None
    strip = MILL.Q / (MILL.M + MILL.Q)
    s = 1j * OMEGA
    # The gaugemeter feeds the servo's own effect on the force back to it.
    servo = 1 / (MILL.servo_lag * s + 1 - compensation * strip)
    L = monitor / s * servo * (1 - strip) * np.exp(-s * MILL.gauge_distance / speed)
    gain, phase = np.log(np.abs(L)), np.unwrap(np.angle(L))
    crossover = np.interp(0.0, -gain, np.log(OMEGA))
    turn = np.interp(np.pi, -phase, np.log(OMEGA))
    return Margins(
        pm=180 + math.degrees(np.interp(crossover, np.log(OMEGA), phase)),
        gm=math.exp(-np.interp(turn, np.log(OMEGA), gain)),
        Ms=float((1 / np.abs(1 + L)).max()),
    )


@cache
def _curves() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    compensation = np.linspace(0.0, LARGEST, 151)
    return compensation, *sensitivities(compensation)


def show(values: Values) -> Shown:
    """Roll one strip and compute numbers and what the figure shows."""
    strip = run(**values)
    C = true_compensation(values["compensation"], values["modulus_error"])
    entry, eccentric = sensitivities(C)
    loop = margins(C, values["monitor"], values["speed"])
    stable = loop is None or loop.gm > 1
    change = strip.t >= HARDER_TIME
    late = strip.t >= LATE
    wave = float(np.ptp(strip.gap_exit[late])) if values["eccentricity"] and stable else None
    alt = ["chart"]
    if values["hardness"]:
        alt.append("hardness")
    if values["eccentricity"]:
        alt.append("eccentricity")
    alt.append("monitor" if loop else "off")
    if not stable:
        alt.append("unstable")
    alt.append("over" if C > 1 else "sensitivity")
    return Shown(
        moves={
            "gap_exit": (strip.t, strip.gap_exit),
            "gauge": (strip.t, strip.gauge),
            "gap": (strip.t, strip.gap),
            "now": ([C, C], [entry, eccentric]),
        },
        fields={
            **values,
            "C": C,
            "entry": entry,
            "eccentric": eccentric,
            "worst": float(np.abs(strip.gap_exit[change]).max()),
            "wave": wave,
            "wave_alt": float(np.ptp(strip.gap_exit[late])),
            "scrap": float((np.abs(strip.gap_exit) > TOLERANCE).sum())
            * SAMPLE_TIME
            * values["speed"],
            "tolerance": TOLERANCE,
            "delay": MILL.gauge_distance / values["speed"],
            "pm": loop.pm if loop and stable else None,
            "gm": loop.gm if loop and stable else None,
            "Ms": loop.Ms if loop and stable else None,
        },
        alt=tuple(alt),
    )


def draw() -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes and return the figure and what moves in it."""
    figures.use_style()
    fig, (thickness, gap, trade) = plt.subplots(3, 1, figsize=(7.4, 6.6), height_ratios=(5, 3.5, 4))
    (gauge,) = thickness.plot(
        [], [], color="C1", linestyle=(0, (6, 2)), label=r"$\Delta h_{gauge}$"
    )
    (exit_,) = thickness.plot([], [], color="C0", linestyle="-", label=r"$\Delta h$")
    thickness.set(ylabel="µm", xlim=(0, DURATION), ylim=THICKNESS_AXIS)
    thickness.tick_params(labelbottom=False)
    (opening,) = gap.plot([], [], color="C2", linestyle="-", label=r"$\Delta S$")
    gap.set(xlabel="$t$ (s)", ylabel="µm", xlim=(0, DURATION), ylim=GAP_AXIS)
    for axes in (thickness, gap):
        axes.axhline(0.0, color="0.45", linewidth=1.0, linestyle="-")
        axes.axvline(HARDER_TIME, color="0.45", linewidth=1.0, linestyle="-")
    compensation, entry, eccentric = _curves()
    trade.plot(compensation, entry, color="C4", linestyle="-", label=r"$\partial h/\partial H$")
    trade.plot(compensation, eccentric, color="C3", linestyle=":", label=r"$\partial h/\partial e$")
    (now,) = trade.plot([], [], "D", color="C1", markersize=7, linestyle="none", label="$C$")
    trade.axhline(0.0, color="0.45", linewidth=1.0, linestyle="-")
    trade.set(xlabel="$C$", xlim=(-0.02, LARGEST), ylim=(-1.2, 2.3))
    for axes in (thickness, gap, trade):
        legend_above(axes)
    return fig, {"gap_exit": exit_, "gauge": gauge, "gap": opening, "now": now}


def app(folder: Path | None = None) -> App:
    """Return the app."""
    return App("mill-gauge", CONTROLS, PRESETS, draw, show, folder=folder)
