"""Ride of a quarter car: an LQR with full state on an actuator beside a passive suspension.

The car and its numbers are those of `plants.quarter_car`, the road is one of ISO 8608. The weights
follow Bryson: the visitor says which travel and which tyre deflection are as bad as 1 m/s².
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import control as ct
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter
from scipy.interpolate import CubicSpline

from millwright_labs import figures, plants
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Choice, Control, LogSlider, Slider, Values
from millwright_labs.plants.quarter_car import ROAD_CLASSES, QuarterCar, road_profile

NOMINAL = QuarterCar()
SAMPLE_TIME = 0.003  # s, of the actuator's controller
DURATION = 9.0  # s
# Until here the start dies away; then comes what is judged, and of that the first part is drawn.
SETTLED = 1.0  # s
SHOWN = 4.0  # s
SEED = 3
# The road is made once, in steps that hold its shortest wave (0.35 m) six times.
ROAD_STEP = 0.06  # m
FASTEST = 130.0  # km/h
GRAVITY = 9.81  # m/s²

FREQUENCY = np.geomspace(0.5, 30.0, 240)  # Hz
ACCELERATION_AXIS, TYRE_AXIS = (-8.0, 8.0), (-40.0, 40.0)  # m/s², mm
RESPONSE_AXIS = (0.3, 100.0)  # m/s² per m/s

CONTROLS: tuple[Control, ...] = (
    LogSlider("travel", 1.0, 1000.0, 10.0, per_decade=8),
    LogSlider("tyre", 1.0, 100.0, 5.6, per_decade=8),
    Slider("force", 0.0, 3000.0, 100.0, 2000.0),
    Choice("road", ("A", "B", "C", "D"), "C"),
    Slider("speed", 20.0, FASTEST, 5.0, 70.0),
    Slider("load", -20.0, 40.0, 5.0, 0.0),
)

PRESETS: dict[str, dict[str, Any]] = {
    "balanced": {},
    "comfort": {"travel": 100.0, "tyre": 32.0},
    "holding": {"travel": 100.0, "tyre": 1.8},
    "weak": {"travel": 100.0, "tyre": 32.0, "force": 300.0},
    "rough": {"road": "D", "speed": 90.0},
    "loaded": {"load": 40.0},
}


def matrices(p: QuarterCar) -> tuple[np.ndarray, np.ndarray]:
    """Return A and B of the car in the states that a designer thinks in.

    They are travel (m), speed of the body (m/s), deflection of the tyre (m), speed of the wheel
    (m/s); the input is the actuator's force (N). The road's speed enters the third one as −1.
    """
    A = np.array(
        [
            [0.0, 1.0, 0.0, -1.0],
            [-p.k / p.ms, -p.c / p.ms, 0.0, p.c / p.ms],
            [0.0, 0.0, 0.0, 1.0],
            [p.k / p.mu, p.c / p.mu, -p.kt / p.mu, -p.c / p.mu],
        ]
    )
    return A, np.array([[0.0], [1 / p.ms], [0.0], [-1 / p.mu]])


@lru_cache(maxsize=256)
def gains(travel: float, tyre: float) -> np.ndarray:
    """Return the LQR's gains for the nominal car, shape (4,).

    The cost is the mean of acceleration² + (travel/`travel`)² + (deflection/`tyre`)².

    Parameters
    ----------
    travel, tyre : float
        The travel and the tyre deflection that are as bad as 1 m/s² (mm).
    """
    A, B = matrices(NOMINAL)
    # The acceleration is itself a mix of states and force, hence the cross term.
    row, direct = A[1:2], B[1:2]
    weights = np.diag([(1000 / travel) ** 2, 0.0, (1000 / tyre) ** 2, 0.0])
    K, _, _ = ct.lqr(A, B, row.T @ row + weights, direct.T @ direct, row.T @ direct)
    return np.asarray(K)[0]


@cache
def _road() -> CubicSpline:
    places = np.arange(0.0, DURATION * FASTEST / 3.6 + 1.0, ROAD_STEP)
    return CubicSpline(places, road_profile(places, "A", seed=SEED))


def road(road_class: str, speed: float) -> np.ndarray:
    """Return the height (m) under the wheel at each sample, for a speed in km/h."""
    places = speed / 3.6 * SAMPLE_TIME * np.arange(round(DURATION / SAMPLE_TIME) + 1)
    return np.sqrt(ROAD_CLASSES[road_class] / ROAD_CLASSES["A"]) * _road()(places)


@dataclass(frozen=True)
class Ride:
    """One drive; all shape (n,).

    Attributes
    ----------
    t : ndarray
        Time (s) from when the start is forgotten.
    acceleration : ndarray
        Of the body (m/s²).
    travel, tyre : ndarray
        Travel of the suspension and deflection of the tyre (mm).
    force : ndarray
        Of the actuator (N).
    """

    t: np.ndarray
    acceleration: np.ndarray
    travel: np.ndarray
    tyre: np.ndarray
    force: np.ndarray


@lru_cache(maxsize=64)
def drive(
    travel: float | None,
    tyre: float | None,
    force: float,
    road_class: str,
    speed: float,
    load: float,
) -> Ride:
    """Drive over the road.

    Parameters
    ----------
    travel, tyre : float or None
        Weights of the LQR (see `gains`); None for a passive car.
    force : float
        The most that the actuator gives (N).
    road_class : {"A", "B", "C", "D"}
        ISO 8608.
    speed : float
        km/h.
    load : float
        How much heavier the body is than the LQR knows (%).
    """
    p = replace(NOMINAL, ms=NOMINAL.ms * (1 + load / 100))
    P = plants.quarter_car(p)
    sys = ct.c2d(P.linearize(P.x0, P.u0), SAMPLE_TIME)
    K = np.zeros(4) if travel is None or tyre is None else gains(travel, tyre)
    height = road(road_class, speed)
    # On the plant's own states, body and wheel over ground: z_body, v_body, z_wheel, v_wheel.
    on_ground = np.array([K[0], K[1], K[2] - K[0], K[3]])
    g1, g2, g3, g4 = (-on_ground).tolist()
    g5 = float(K[2])
    rows = np.hstack((np.asarray(sys.A), np.asarray(sys.B))).tolist()
    (a1, a2, a3, a4, a5, a6), (b1, b2, b3, b4, b5, b6) = rows[:2]
    (c1, c2, c3, c4, c5, c6), (d1, d2, d3, d4, d5, d6) = rows[2:]
    z = height[0]
    w, v, y, s = float(z), 0.0, float(z), 0.0
    states, forces = [], []
    for z in height.tolist():
        F = g1 * w + g2 * v + g3 * y + g4 * s + g5 * z
        F = min(max(F, -force), force)
        states.append((w, v, y, s))
        forces.append(F)
        w, v, y, s = (
            a1 * w + a2 * v + a3 * y + a4 * s + a5 * F + a6 * z,
            b1 * w + b2 * v + b3 * y + b4 * s + b5 * F + b6 * z,
            c1 * w + c2 * v + c3 * y + c4 * s + c5 * F + c6 * z,
            d1 * w + d2 * v + d3 * y + d4 * s + d5 * F + d6 * z,
        )
    first = round(SETTLED / SAMPLE_TIME)
    body, v_body, wheel, v_wheel = np.array(states)[first:].T
    F_all = np.array(forces)[first:]
    return Ride(
        t=SAMPLE_TIME * np.arange(len(F_all)),
        acceleration=(F_all - p.k * (body - wheel) - p.c * (v_body - v_wheel)) / p.ms,
        travel=1000 * (body - wheel),
        tyre=1000 * (wheel - height[first:]),
        force=F_all,
    )


def rms(samples: np.ndarray) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(samples**2)))


def response(p: QuarterCar, K: np.ndarray, frequency: np.ndarray = FREQUENCY) -> np.ndarray:
    """Return how much body acceleration each frequency of the road gives, in 1/s.

    Parameters
    ----------
    p : QuarterCar
        The car.
    K : ndarray, shape (4,)
        The controller's gains, never limited here; zeros for a passive car.
    frequency : ndarray, shape (n,)
        Hz.

    Returns
    -------
    ndarray, shape (n,)
        Amplitude of acceleration over amplitude of the road's speed.
    """
    A, B = matrices(p)
    closed = A - B * K
    s = 2j * np.pi * frequency[:, None, None]
    x = np.linalg.solve(s * np.eye(4) - closed, np.array([[0.0], [0.0], [-1.0], [0.0]]))
    return np.abs(closed[1] @ x)[:, 0]


def fixed_point(p: QuarterCar) -> tuple[float, float]:
    """Return the frequency (Hz) and height (1/s) that no force between body and wheel can move.

    At √(kt/mu) the tyre carries just what moves the wheel. All that the road adds goes into the
    suspension, whatever is built in there, and from it into the body.
    """
    omega = float(np.sqrt(p.kt / p.mu))
    return omega / (2 * np.pi), p.kt / (p.ms * omega)


def lift_off(load: float) -> float:
    """Return the deflection (mm) at which the tyre leaves the road, for a load in %."""
    mass = NOMINAL.ms * (1 + load / 100) + NOMINAL.mu
    return 1000 * mass * GRAVITY / NOMINAL.kt


def show(values: Values) -> Shown:
    """Drive once passive and once active, and compute numbers and what the figure shows."""
    where = (values["road"], values["speed"], values["load"])
    active = drive(values["travel"], values["tyre"], values["force"], *where)
    passive = drive(None, None, 0.0, *where)
    p = replace(NOMINAL, ms=NOMINAL.ms * (1 + values["load"] / 100))
    K = gains(values["travel"], values["tyre"])
    drawn = active.t <= SHOWN
    t = active.t[drawn]
    limit = lift_off(values["load"])
    lifted = float(np.mean(active.tyre > limit))
    at_limit = 100 * float(np.mean(np.abs(active.force) >= values["force"]))
    frequency, height = fixed_point(p)
    judged = {}
    for name in ("acceleration", "tyre", "travel"):
        now, before = rms(getattr(active, name)), rms(getattr(passive, name))
        judged[f"{name}_rms"], judged[f"{name}_passive"] = now, before
        judged[f"{name}_change"] = 100 * (now / before - 1)
    alt = ["chart", "ride"]
    alt.append("limited" if at_limit >= 1 else "free")
    if lifted:
        alt.append("lifts")
    return Shown(
        moves={
            "passive": (t, passive.acceleration[drawn]),
            "active": (t, active.acceleration[drawn]),
            "passive_tyre": (t, passive.tyre[drawn]),
            "active_tyre": (t, active.tyre[drawn]),
            "lift": ([0.0, SHOWN], [limit, limit]),
            "passive_response": (FREQUENCY, response(p, np.zeros(4))),
            "active_response": (FREQUENCY, response(p, K)),
            "fixed": ([frequency], [height]),
        },
        fields={
            **values,
            **judged,
            "largest": float(np.abs(active.travel).max()),
            "lifted": 100 * lifted,
            "at_limit": at_limit,
            "effort": rms(active.force),
            "lift_off": limit,
            "frequency": frequency,
        },
        alt=tuple(alt),
    )


def draw() -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes and return the figure and what moves in it."""
    figures.use_style()
    fig, (body, tyre, response_) = plt.subplots(3, 1, figsize=(7.4, 6.6), height_ratios=(4, 4, 4))
    lines = {}
    for axes, name, symbol in (
        (body, "", r"$\ddot{z}_s$"),
        (tyre, "_tyre", "$z_u-z_r$"),
        (response_, "_response", r"$|\ddot{z}_s/\dot{z}_r|$"),
    ):
        (lines[f"passive{name}"],) = axes.plot(
            [], [], color="0.35", linestyle=(0, (3, 1.5)), linewidth=1.1, label="$F=0$"
        )
        (lines[f"active{name}"],) = axes.plot([], [], color="C0", linestyle="-", label=symbol)
    body.set(ylabel="m/s²", xlim=(0, SHOWN), ylim=ACCELERATION_AXIS)
    body.tick_params(labelbottom=False)
    (lines["lift"],) = tyre.plot([], [], color="C1", linestyle=":", linewidth=2.0)
    tyre.set(xlabel="$t$ (s)", ylabel="mm", xlim=(0, SHOWN), ylim=TYRE_AXIS)
    (lines["fixed"],) = response_.plot(
        [], [], "D", color="C1", markersize=7, label=r"$\sqrt{k_t/m_u}$"
    )
    response_.set(xscale="log", yscale="log", xlim=FREQUENCY[[0, -1]], ylim=RESPONSE_AXIS)
    response_.set(xlabel="$f$ (Hz)", ylabel="1/s", xticks=(0.5, 1, 2, 5, 10, 20))
    response_.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    response_.xaxis.set_minor_formatter(NullFormatter())
    response_.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    for axes in (body, tyre, response_):
        legend_above(axes)
    return fig, lines


def app(folder: Path | None = None) -> App:
    """Return the app."""
    return App("quarter-car", CONTROLS, PRESETS, draw, show, folder=folder)
