"""Loop shaping on the Z axis of a CNC machine: gains, delay, margins, and an uncertain inertia.

The drive's cascade is that of `plants.cnc_axis.position_loop`: a position gain around a PI speed
loop, without friction, here with a delay between the controller and the current. Frequency
responses hold the delay as it is; poles and step responses take its Padé approximation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import control as ct
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from millwright_labs import figures
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Control, LogSlider, Slider, Values
from millwright_labs.plants.cnc_axis import AXES, CncAxis

Z = AXES["Z"]

OMEGA = np.geomspace(2.0, 5000.0, 900)  # rad/s
TIME = np.linspace(0.0, 0.25, 401)  # s
# Far better than what the loop still passes: at the longest delay right up to 2500 rad/s.
PADE_ORDER = 8
# Inertias from one end of the uncertainty to the other; the middle one is the nominal.
SPREAD = 5

DECIBELS = (-40.0, 40.0)
DEGREES = (-240.0, -70.0)
STEP = (-0.2, 2.2)  # mm

CONTROLS: tuple[Control, ...] = (
    LogSlider("Kp", 1.0, 250.0, 50.0, per_decade=10),
    Slider("Kv", 0.05, 2.0, 0.05, 0.35),
    Slider("Tv", 0.02, 0.3, 0.01, 0.12),
    Slider("delay", 0.0, 5.0, 0.1, 0.0),
    Slider("uncertainty", 0.0, 50.0, 5.0, 20.0),
)

PRESETS: dict[str, dict[str, Any]] = {
    "printed": {},
    "cured": {"Kp": 3.2},
    "stiff": {"Kp": 10.0, "Kv": 1.0},
    "delayed": {"Kp": 10.0, "Kv": 1.0, "delay": 4.0},
    "unknown": {"Kp": 3.2, "uncertainty": 50.0},
}


def open_loop(p: CncAxis, delay: float, omega: np.ndarray) -> np.ndarray:
    """Return L(jω) of the position loop.

    Parameters
    ----------
    p : CncAxis
        The axis with its gains Kp, Kv and Tv.
    delay : float
        From the controller to the current (s).
    omega : ndarray, shape (n,)
        Angular frequencies (rad/s).

    Returns
    -------
    ndarray of complex, shape (n,)
        From position error to position.
    """
    s = 1j * omega
    speed = p.Kv * (1 + 1 / (p.Tv * s)) * p.Ka * p.Kt / (p.J * s + p.B) * np.exp(-s * delay)
    return p.rg * p.Kp / s * speed / (1 + speed)


def closed_loop(p: CncAxis, delay: float) -> tuple[np.ndarray, np.ndarray]:
    """Return numerator and denominator of the closed position loop, delay by Padé.

    Parameters
    ----------
    p : CncAxis
        The axis with its gains Kp, Kv and Tv.
    delay : float
        From the controller to the current (s).
    """
    ahead, behind = ct.pade(delay, PADE_ORDER) if delay else ([1.0], [1.0])
    control = p.Kv * p.Ka * p.Kt * np.polymul([p.Tv, 1.0], ahead)
    numerator = p.rg * p.Kp * control
    drive = np.polymul([p.Tv, 0.0], np.polymul([p.J, p.B], behind))
    speed_loop = np.polyadd(drive, control)
    return numerator, np.polyadd(np.polymul(speed_loop, [1.0, 0.0]), numerator)


def step_response(numerator: np.ndarray, poles: np.ndarray, lead: float) -> np.ndarray:
    """Return the response to a unit step over `TIME`, by partial fractions.

    Parameters
    ----------
    numerator : ndarray
        The closed loop's numerator.
    poles : ndarray of complex, shape (n,)
        Its poles, none of them twice.
    lead : float
        The denominator's first coefficient.
    """
    apart = poles[:, None] - poles + np.eye(len(poles))
    residues = np.polyval(numerator, poles) / (lead * poles * apart.prod(axis=1))
    # Far outside the chart an unstable loop need not be followed.
    modes = np.exp(np.minimum(poles.real[:, None] * TIME, 50.0) + 1j * poles.imag[:, None] * TIME)
    # The static gain is 1: position follows its set point.
    return np.clip(1.0 + (residues @ modes).real, -1e3, 1e3)


@dataclass(frozen=True)
class Loop:
    """One position loop and what is told of it.

    Attributes
    ----------
    L : ndarray of complex, shape (900,)
        Open loop over `OMEGA`.
    step : ndarray, shape (401,)
        Closed loop's response to a unit step over `TIME`.
    stable : bool
        Whether the closed loop is stable.
    crossover : float or None
        Where the open loop's gain is 1 with the least phase margin (rad/s).
    pm : float or None
        Phase margin (°).
    gm : float or None
        Gain margin (1); None where the phase does not cross −180° from a gain below 1.
    w_gm : float or None
        Where it is (rad/s).
    Ms : float
        The largest value of the sensitivity.
    w_Ms : float
        Where it is (rad/s).
    damping : float
        The smallest damping ratio of the closed loop's poles below the end of `OMEGA`.
    bandwidth : float or None
        Where the closed loop's gain falls below −3 dB (rad/s).
    overshoot : float
        Of the step (%).
    """

    L: np.ndarray
    step: np.ndarray
    stable: bool
    crossover: float | None
    pm: float | None
    gm: float | None
    w_gm: float | None
    Ms: float
    w_Ms: float
    damping: float
    bandwidth: float | None
    overshoot: float


def _crossings(height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the frequencies where a curve over `OMEGA` crosses zero, and the places before."""
    at = np.flatnonzero(np.signbit(height[:-1]) != np.signbit(height[1:]))
    share = height[at] / (height[at] - height[at + 1])
    return np.exp(np.log(OMEGA[at]) + share * np.log(OMEGA[1] / OMEGA[0])), at


def loop(p: CncAxis, delay: float) -> Loop:
    """Return the position loop of an axis with its gains and a delay (s)."""
    L = open_loop(p, delay, OMEGA)
    numerator, denominator = closed_loop(p, delay)
    poles = np.roots(denominator)
    step = step_response(numerator, poles, denominator[0])
    crossover = pm = gm = w_gm = bandwidth = None
    gains, _ = _crossings(np.log(np.abs(L)))
    if len(gains):
        margins = np.degrees(np.angle(-open_loop(p, delay, gains)))
        least = int(np.argmin(np.abs(margins)))
        crossover, pm = float(gains[least]), float(margins[least])
    phases, at = _crossings(L.imag)
    phases = phases[L.real[at] < 0]
    room = 1 / np.abs(open_loop(p, delay, phases))
    if (room > 1).any():
        gm = float(room[room > 1].min())
        w_gm = float(phases[int(np.argmin(np.where(room > 1, room, np.inf)))])
    S = np.abs(1 / (1 + L))
    falls, _ = _crossings(np.log(np.abs(L) * S * np.sqrt(2)))
    if len(falls):
        bandwidth = float(falls[-1])
    # A peak may be sharper than the grid.
    top = int(np.clip(S.argmax(), 1, len(OMEGA) - 2))
    near = np.geomspace(OMEGA[top - 1], OMEGA[top + 1], 41)
    peak = np.abs(1 / (1 + open_loop(p, delay, near)))
    seen = poles[np.abs(poles) < OMEGA[-1]]
    return Loop(
        L=L,
        step=step,
        stable=bool(poles.real.max() < 0),
        crossover=crossover,
        pm=pm,
        gm=gm,
        w_gm=w_gm,
        Ms=float(peak.max()),
        w_Ms=float(near[peak.argmax()]),
        damping=float((-seen.real / np.abs(seen)).min()),
        bandwidth=bandwidth,
        overshoot=100 * max(0.0, float(step.max()) - 1.0),
    )


def loops(Kp: float, Kv: float, Tv: float, delay: float, uncertainty: float) -> list[Loop]:
    """Return the loops from the least to the largest inertia; the nominal one is in the middle.

    Parameters
    ----------
    Kp, Kv, Tv : float
        The drive's gains (rad/(s·mm), V·s/rad) and integral time (s).
    delay : float
        From the controller to the current (ms).
    uncertainty : float
        How far the inertia may be from its nominal value (%).
    """
    p = replace(Z, Kp=Kp, Kv=Kv, Tv=Tv)
    share = uncertainty / 100
    return [
        loop(replace(p, J=factor * Z.J), delay / 1000)
        for factor in np.linspace(1 - share, 1 + share, SPREAD).tolist()
    ]


def _decibels(gain: np.ndarray) -> np.ndarray:
    return 20 * np.log10(np.abs(gain))


def _degrees(L: np.ndarray) -> np.ndarray:
    return np.degrees(np.unwrap(np.angle(L)))


def _band(curves: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.min(curves, axis=0), np.max(curves, axis=0)


def show(values: Values) -> Shown:
    """Compute the loops, their margins and what the figure shows."""
    family = loops(**values)
    now = family[SPREAD // 2]
    stable = all(one.stable for one in family)
    phase = _degrees(now.L)
    PM_line: tuple[Any, Any] = ([], [])
    GM_line: tuple[Any, Any] = ([], [])
    if now.crossover is not None:
        height = float(np.interp(now.crossover, OMEGA, phase))
        PM_line = ([now.crossover] * 2, [-180.0, height])
    if now.w_gm is not None and now.gm is not None:
        GM_line = ([now.w_gm] * 2, [-20 * np.log10(now.gm), 0.0])
    alt = ["chart"]
    if not now.stable:
        alt.append("unstable")
    else:
        alt += ["margins", "step"]
        if values["uncertainty"]:
            alt.append("robust" if stable else "fragile")
    return Shown(
        moves={
            "gain_band": (OMEGA, *_band([_decibels(one.L) for one in family])),
            "gain": (OMEGA, _decibels(now.L)),
            "sensitivity": (OMEGA, -_decibels(1 + now.L)),
            "Ms": ([now.w_Ms], [20 * np.log10(now.Ms)]),
            "GM": GM_line,
            "phase_band": (OMEGA, *_band([_degrees(one.L) for one in family])),
            "phase": (OMEGA, phase),
            "PM": PM_line,
            "step_band": (TIME, *_band([one.step for one in family])),
            "step": (TIME, now.step),
        },
        fields={
            **values,
            "speed": Z.rg * values["Kp"],
            "PM": now.pm if now.stable else None,
            "PM_low": min(one.pm or 0.0 for one in family) if stable else None,
            "GM": now.gm if now.stable else None,
            "GM_dB": 20 * np.log10(now.gm) if now.gm else None,
            "Ms": now.Ms if now.stable else None,
            "Ms_high": max(one.Ms for one in family) if stable else None,
            "damping": now.damping if now.stable else None,
            "bandwidth": now.bandwidth if now.stable else None,
            "overshoot": now.overshoot if now.stable else None,
            "crossover": now.crossover,
        },
        alt=tuple(alt),
    )


def draw() -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes and return the figure and what moves in it."""
    figures.use_style()
    fig, (gain, phase, step) = plt.subplots(3, 1, figsize=(7.4, 6.6), height_ratios=(5, 4, 4))
    bands = {
        f"{name}_band": axes.fill_between([], [], [], color="C0", alpha=0.2, linewidth=0)
        for name, axes in (("gain", gain), ("phase", phase), ("step", step))
    }
    gain.axhline(0.0, color="0.45", linewidth=1.0, linestyle="-")
    (L,) = gain.plot([], [], color="C0", linestyle="-", label="$|L|$")
    (S,) = gain.plot([], [], color="C1", linestyle=(0, (6, 2)), label="$|S|$")
    (Ms,) = gain.plot([], [], "D", color="C1", markersize=7, label="$M_s$")
    (GM,) = gain.plot([], [], color="C3", linestyle=":", linewidth=2.4, label="GM")
    gain.set(xscale="log", ylabel="dB", xlim=OMEGA[[0, -1]], ylim=DECIBELS)
    gain.tick_params(labelbottom=False)
    phase.axhline(-180.0, color="0.45", linewidth=1.0, linestyle="-")
    (angle,) = phase.plot([], [], color="C0", linestyle="-", label=r"$\angle L$")
    (PM,) = phase.plot([], [], color="C3", linestyle=":", linewidth=2.4, label="PM")
    phase.set(xscale="log", xlabel=r"$\omega$ (rad/s)", ylabel=r"$\angle L$ (°)", ylim=DEGREES)
    phase.set(xlim=OMEGA[[0, -1]], yticks=(-180, -90))
    step.axhline(1.0, color="0.45", linewidth=1.0, linestyle="-")
    (position,) = step.plot([], [], color="C0", linestyle="-", label="$p$")
    step.set(xlabel="$t$ (s)", ylabel="$p$ (mm)", xlim=TIME[[0, -1]], ylim=STEP)
    for axes in (gain, phase, step):
        legend_above(axes)
    return fig, {
        **bands,
        "gain": L,
        "sensitivity": S,
        "Ms": Ms,
        "GM": GM,
        "phase": angle,
        "PM": PM,
        "step": position,
    }


def app(folder: Path | None = None) -> App:
    """Return the app."""
    return App("loop-shaping-z", CONTROLS, PRESETS, draw, show, folder=folder)
