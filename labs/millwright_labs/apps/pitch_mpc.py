"""Limits in the pitch of an aircraft: predictive control beside an LQR that is cut off.

The aircraft is `plants.aircraft_pitch`, sampled exactly. Load that is moved aft takes its static
stability away, and beyond 100 % it cannot fly without control. The predictive controller knows
the elevator's limit; the LQR with the same weights does not, and its elevator stops there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import control as ct
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from scipy import optimize

from millwright_labs import figures, plants
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Control, LogSlider, Slider, Switch, Values
from millwright_labs.plants.aircraft_pitch import AircraftPitch

SAMPLE_TIME = 0.1  # s
DURATION = 12.0  # s
# Further off than this the aircraft is lost, and nobody looks at the rest.
LOST = 60.0  # °
# Settled means: no further from the set point than this share of the step.
BAND = 0.05

PITCH_AXIS, ELEVATOR_AXIS = (-5.0, 30.0), (-27.0, 27.0)  # °

CONTROLS: tuple[Control, ...] = (
    LogSlider("weight", 0.5, 5000.0, 50.0, per_decade=3),
    Slider("horizon", 1.0, 40.0, 1.0, 30.0),
    Switch("terminal", True),
    Slider("limit", 2.0, 25.0, 0.5, 5.0),
    Slider("step", 2.0, 15.0, 0.5, 10.0),
    Slider("aft", 0.0, 250.0, 10.0, 170.0),
)

PRESETS: dict[str, dict[str, Any]] = {
    "aft": {},
    "forward": {"aft": 0.0},
    "lost": {"aft": 240.0},
    "short": {"aft": 240.0, "horizon": 8.0},
    "blind": {"aft": 240.0, "horizon": 20.0, "terminal": False},
    "greedy": {"weight": 5000.0},
}


#: Newton steps before a general solver takes over.
ROUNDS = 30


def box_qp(
    H: np.ndarray, g: np.ndarray, low: float, high: float, start: np.ndarray
) -> tuple[np.ndarray, int]:
    """Minimise ½ zᵀHz + gᵀz for every element of z between `low` and `high`.

    Newton's method on the elements that are not held at a limit, with a line search along the
    path that the limits bend. From the last step's plan it needs two or three rounds, which takes
    a twentieth of what a general solver takes. Where an aircraft that runs away couples the
    elements so much that the path zigzags, SciPy's active-set solver takes over.

    Parameters
    ----------
    H : ndarray, shape (n, n)
        Symmetric, positive definite.
    g, start : ndarray, shape (n,)
        Linear term, and where to begin.
    low, high : float
        The limits.

    Returns
    -------
    z : ndarray, shape (n,)
        The solution.
    rounds : int
        How many Newton steps it took.
    """
    z = np.clip(start, low, high)
    small = 1e-10 * (1 + np.abs(g).max())
    for rounds in range(ROUNDS):
        slope = H @ z + g
        held = ((z <= low) & (slope > 0)) | ((z >= high) & (slope < 0))
        free = np.flatnonzero(~held)
        if not len(free) or np.abs(slope[free]).max() < small:
            return z, rounds
        direction = np.zeros_like(z)
        direction[free] = -np.linalg.solve(H[np.ix_(free, free)], slope[free])
        for share in 0.5 ** np.arange(30):
            new = np.clip(z + share * direction, low, high)
            move = new - z
            # What the move gains must be a part of what the slope promises.
            if slope @ move + 0.5 * move @ H @ move <= 0.1 * (slope @ move):
                break
        # Not `z + move`: a rounding beside its limit, an element would not count as held there.
        z = new
    # H = LLᵀ: the same programme as a least-squares problem.
    L = np.linalg.cholesky(H)
    found = optimize.lsq_linear(L.T, -np.linalg.solve(L, g), (low, high), method="bvls")
    return np.clip(found.x, low, high), ROUNDS


@dataclass(frozen=True)
class Design:
    """Model, weights and prediction of one setting.

    Attributes
    ----------
    A, B : ndarray, shape (3, 3) and (3,)
        The aircraft over one sample: angle of attack, pitch rate over `Omega`, pitch (rad).
    K : ndarray, shape (3,)
        Gains of the LQR.
    H, F : ndarray, shape (N, N) and (N, 3)
        The programme: ½ zᵀHz + (Fx)ᵀz for the plan z (rad) from state x.
    Sx, Su : ndarray, shape (N, 3) and (N, N)
        The pitch that a plan leads to: Sx x + Su z.
    fastest : float
        Largest real part of the aircraft's own poles (1/s).
    """

    A: np.ndarray
    B: np.ndarray
    K: np.ndarray
    H: np.ndarray
    F: np.ndarray
    Sx: np.ndarray
    Su: np.ndarray
    fastest: float


@lru_cache(maxsize=128)
def design(horizon: int, weight: float, terminal: bool, aft: float) -> Design:
    """Return the controllers of one setting.

    Parameters
    ----------
    horizon : int
        N, in samples.
    weight : float
        q of the cost: the sum of q (pitch error)² + elevator², both in rad.
    terminal : bool
        Whether the cost after the horizon is in it, as the LQR counts it.
    aft : float
        Share of the static stability that the load has taken away (%).
    """
    published = AircraftPitch().M_alpha
    P = plants.aircraft_pitch(AircraftPitch(M_alpha=published * (1 - aft / 100)))
    sys = P.linearize(P.x0, P.u0)
    held = ct.c2d(sys, SAMPLE_TIME)
    A, B = np.asarray(held.A), np.asarray(held.B)[:, :1]
    Q = np.diag([0.0, 0.0, weight])
    K, X, _ = ct.dlqr(A, B, Q, np.eye(1))
    # Column k of the block holds what an impulse does k samples later.
    powers, impulse = [A], [B]
    for _ in range(horizon - 1):
        powers.append(A @ powers[-1])
        impulse.append(A @ impulse[-1])
    Sx = np.vstack(powers)
    Su = np.zeros((3 * horizon, horizon))
    for k in range(horizon):
        Su[3 * k :, k] = np.vstack(impulse[: horizon - k])[:, 0]
    weights = np.kron(np.eye(horizon), Q)
    if terminal:
        weights[-3:, -3:] = X
    H = Su.T @ weights @ Su + np.eye(horizon)
    return Design(
        A=A,
        B=B[:, 0],
        K=np.asarray(K)[0],
        H=(H + H.T) / 2,
        F=Su.T @ weights @ Sx,
        Sx=Sx[2::3],
        Su=Su[2::3],
        fastest=float(np.linalg.eigvals(np.asarray(sys.A)).real.max()),
    )


@dataclass(frozen=True)
class Flight:
    """A step of the pitch, until its end or until the aircraft is lost.

    Attributes
    ----------
    t : ndarray, shape (n,)
        Time (s).
    pitch, elevator : ndarray, shape (n,)
        °; the elevator from each time to the next.
    lost : bool
        Whether it was lost.
    cost : float
        What the flight cost by the weights, with angles in °.
    """

    t: np.ndarray
    pitch: np.ndarray
    elevator: np.ndarray
    lost: bool
    cost: float


MPC, CLIPPED, UNLIMITED = "mpc", "clipped", "unlimited"


def fly(how: str, d: Design, weight: float, limit: float, step: float) -> tuple[Flight, np.ndarray]:
    """Fly a step of the pitch.

    Parameters
    ----------
    how : {"mpc", "clipped", "unlimited"}
        Predictive control; the LQR with the elevator's limit; the LQR as it was designed.
    d : Design
        Model and controllers.
    weight : float
        q of the cost.
    limit, step : float
        Of the elevator and of the pitch (°).

    Returns
    -------
    flight : Flight
        What happens.
    plan : ndarray, shape (N,)
        The elevator (°) as planned at the start; empty without prediction.
    """
    bound, x = np.radians(limit), np.array([0.0, 0.0, -np.radians(step)])
    z = np.zeros(len(d.F))
    first = np.empty(0)
    pitch, elevator = [], []
    count = round(DURATION / SAMPLE_TIME) + 1
    lost = False
    for _ in range(count):
        if how == MPC:
            z, _ = box_qp(d.H, d.F @ x, -bound, bound, z)
            u = float(z[0])
            first = first if len(first) else z
            # The plan goes on by one sample, and its end is a first guess.
            z = np.append(z[1:], z[-1])
        else:
            u = float(-d.K @ x)
            if how == CLIPPED:
                u = min(max(u, -bound), bound)
        pitch.append(x[2])
        elevator.append(u)
        x = d.A @ x + d.B * u
        if abs(x[2]) > np.radians(LOST):
            lost = True
            break
    error, moved = np.degrees(pitch), np.degrees(elevator)
    cost = float(weight * error @ error + moved @ moved)
    t = SAMPLE_TIME * np.arange(len(error))
    return Flight(t, error + step, moved, lost, cost), np.degrees(first)


def overshoot(flight: Flight, step: float) -> float | None:
    """Return how far the pitch goes beyond the set point (°), None if the aircraft is lost."""
    return None if flight.lost else max(0.0, float(flight.pitch.max()) - step)


def settling(flight: Flight, step: float) -> float | None:
    """Return the time (s) from which the pitch stays in its band, None if it does not."""
    outside = np.flatnonzero(np.abs(flight.pitch - step) > BAND * step)
    if flight.lost or (len(outside) and outside[-1] == len(flight.t) - 1):
        return None
    return float(flight.t[outside[-1] + 1]) if len(outside) else 0.0


def show(values: Values) -> Shown:
    """Fly the step three times and compute numbers and what the figure shows."""
    weight, limit, step = values["weight"], values["limit"], values["step"]
    horizon = round(values["horizon"])
    d = design(horizon, weight, values["terminal"], values["aft"])
    mpc, plan = fly(MPC, d, weight, limit, step)
    clipped, _ = fly(CLIPPED, d, weight, limit, step)
    unlimited, _ = fly(UNLIMITED, d, weight, limit, step)
    x0 = np.array([0.0, 0.0, -step])
    planned = step + d.Sx @ x0 + d.Su @ plan
    ahead = SAMPLE_TIME * np.arange(1, horizon + 1)
    end = horizon * SAMPLE_TIME
    ends = [0.0, DURATION]
    alt = ["chart", "unstable" if d.fastest > 1e-6 else "stable"]
    alt.append("mpc_lost" if mpc.lost else "mpc")
    alt.append("clipped_lost" if clipped.lost else "clipped")
    alt.append("unlimited")
    return Shown(
        moves={
            "horizon": ([0.0, end], [PITCH_AXIS[0]] * 2, [PITCH_AXIS[1]] * 2),
            "setpoint": (ends, [step, step]),
            "unlimited": (unlimited.t, unlimited.pitch),
            "clipped": (clipped.t, clipped.pitch),
            "mpc": (mpc.t, mpc.pitch),
            "plan": (ahead, planned),
            "upper": (ends, [limit, limit]),
            "lower": (ends, [-limit, -limit]),
            "unlimited_elevator": (unlimited.t, unlimited.elevator),
            "clipped_elevator": (clipped.t, clipped.elevator),
            "mpc_elevator": (mpc.t, mpc.elevator),
        },
        fields={
            **values,
            "seconds": end,
            "double": float(np.log(2) / d.fastest) if d.fastest > 1e-6 else None,
            "mpc_overshoot": overshoot(mpc, step),
            "clipped_overshoot": overshoot(clipped, step),
            "mpc_settling": settling(mpc, step),
            "clipped_settling": settling(clipped, step),
            "mpc_end": float(mpc.t[-1]),
            "clipped_end": float(clipped.t[-1]),
            "saved": None
            if mpc.lost or clipped.lost
            else 100 * max(0.0, 1 - mpc.cost / clipped.cost),
            "asked": float(np.abs(unlimited.elevator).max()),
        },
        alt=tuple(alt),
    )


def draw() -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes and return the figure and what moves in it."""
    figures.use_style()
    fig, (pitch, elevator) = plt.subplots(
        2, 1, figsize=(7.4, 5.8), sharex=True, height_ratios=(3, 2)
    )
    lines: dict[str, Artist] = {
        "horizon": pitch.fill_between([], [], [], color="C0", alpha=0.12, linewidth=0)
    }
    (lines["setpoint"],) = pitch.plot([], [], color="0.2", linestyle=":", linewidth=1.2)
    for axes, end in ((pitch, ""), (elevator, "_elevator")):
        steps = "steps-post" if end else "default"
        for name, color, style, width, label in (
            (UNLIMITED, "0.45", (0, (3, 1.5)), 1.1, r"LQR$_\infty$"),
            (CLIPPED, "C1", (0, (6, 2)), 1.8, "LQR"),
            (MPC, "C0", "-", 1.8, "MPC"),
        ):
            (lines[name + end],) = axes.plot(
                [],
                [],
                color=color,
                linestyle=style,
                linewidth=width,
                drawstyle=steps,
                label=label,
                # Dashes that go round corners on whole pixels end elsewhere than on the canvas.
                snap=False,
            )
    (lines["plan"],) = pitch.plot([], [], ".", color="C0", markersize=4)
    for name in ("upper", "lower"):
        (lines[name],) = elevator.plot([], [], color="0.2", linestyle=":", linewidth=1.2)
    pitch.set(ylabel=r"$\theta$ (°)", xlim=(0, DURATION), ylim=PITCH_AXIS)
    elevator.set(xlabel="$t$ (s)", ylabel=r"$\delta$ (°)", ylim=ELEVATOR_AXIS)
    legend_above(pitch)
    return fig, lines


def app(folder: Path | None = None) -> App:
    """Return the app."""
    return App("pitch-mpc", CONTROLS, PRESETS, draw, show, folder=folder)
