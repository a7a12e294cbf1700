"""Simulation of plants: compiled, beside python-control and plain Python.

`plant_speed_cnc_axis`: a feed axis with friction under a PI speed controller with limits, 10 s at
1 kHz, the speed's set point a square wave. Both solve the same continuous loop. `plant_error_…` is
the RMS difference of the speed from a tight reference (DOP853, rtol 1e-11, started anew at each
step of the set point), over the speed's range.

`fleet_rate`: histories of DC motors run to failure in one call, a thousand here, fewer in plain
Python.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import control as ct
import numpy as np
from figure import Figure
from millwright_labs import plants
from scipy.integrate import solve_ivp

COMMAND = "make bench ARGS=plants"
KP, KI = 0.1846, 0.1846 / 0.12  # the X axis' drive, in V·s/rad and V/rad
SPEED, PERIOD = 20.0, 2.0  # rad/s and s of the square wave
TIMES = np.arange(10_001) / 1000
REFERENCE = np.where((TIMES + 1e-9) % PERIOD < PERIOD / 2, SPEED, -SPEED)
HISTORIES, SLOW_HISTORIES = 1000, 3


def seconds(run: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Return the median time of some runs, and what the last one gave."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        result = run()
        taken.append(time.perf_counter() - began)
    return median(taken), result


def closed_loop(P: plants.Plant) -> ct.NonlinearIOSystem:
    """Return the axis with its controller as one python-control system: the quickest way there."""
    low, high = P.limits["u"]

    def drive(r: float, z: np.ndarray) -> tuple[float, float]:
        e = r - z[1]
        wanted = KP * e + z[2]
        u = min(max(wanted, low), high)
        waits = (wanted > u and e > 0) or (wanted < u and e < 0)
        return u, 0.0 if waits else KI * e

    def rates(t: float, z: np.ndarray, r: np.ndarray, params: Any) -> np.ndarray:
        u, integral = drive(r[0], z)
        dx = P.model.rhs(t, (z[0], z[1]), (u,), P.parameters, P.severities())
        return np.array([*dx, integral])

    return ct.nlsys(rates, lambda t, z, r, params: z[1:2], inputs=1, outputs=1, states=3)


def tight(loop: ct.NonlinearIOSystem) -> np.ndarray:
    """Return the speed with next to no error."""
    edges = sorted({0, *(np.flatnonzero(np.diff(REFERENCE)) + 1).tolist(), len(TIMES) - 1})
    z, speed = np.zeros(3), [0.0]
    for a, b in zip(edges, edges[1:], strict=False):
        r = np.array([REFERENCE[a]])
        piece = solve_ivp(
            lambda t, z, r=r: loop.updfcn(t, z, r, {}),
            (TIMES[a], TIMES[b]),
            z,
            method="DOP853",
            t_eval=TIMES[a + 1 : b + 1],
            rtol=1e-11,
            atol=1e-12,
        )
        z = piece.y[:, -1]
        speed += piece.y[1].tolist()
    return np.array(speed)


def axis() -> list[Figure]:
    """Measure speed and error of the closed loop."""
    P = plants.cnc_axis()
    controller = plants.pi(P, "speed", "u", KP, KI)
    loop = closed_loop(P)
    plants.simulate(P, TIMES[:10], {}, controller=controller, reference=0.0)
    here, ours = seconds(
        lambda: plants.simulate(P, TIMES, {}, controller=controller, reference=REFERENCE), 7
    )
    there, theirs = seconds(
        lambda: ct.input_output_response(loop, TIMES, REFERENCE, X0=np.zeros(3)), 3
    )
    true = tight(loop)

    def error(speed: np.ndarray) -> float:
        return float(np.sqrt(np.mean((speed - true) ** 2)) / np.ptp(true))

    peer = f"control {ct.__version__} input_output_response"
    return [
        Figure("plant_speed_cnc_axis", 1e3 * here, "ms", peer, 1e3 * there, "lower", COMMAND),
        Figure(
            "plant_error_cnc_axis",
            error(ours["speed"].to_numpy()),
            "RMS of range",
            peer,
            error(np.ravel(theirs.outputs)),
            "lower",
            COMMAND,
        ),
    ]


def measure() -> list[Figure]:
    """Measure all figures of this file."""
    return axis()


if __name__ == "__main__":
    for figure in measure():
        print(figure, figure.ratio)
