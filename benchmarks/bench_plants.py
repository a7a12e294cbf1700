"""Simulation of plants: compiled, beside python-control and plain Python.

`plant_speed_cnc_axis`: a feed axis with friction under a PI speed controller with limits, 10 s at
1 kHz, the speed's set point a square wave. Both solve the same continuous loop; python-control's is
made as one makes it, by `interconnect` of plant and controller. `plant_speed_cnc_axis_default`
takes the plant's own steps, more and far more exact, beside a loop written by hand as one system,
which is the fastest that python-control can do.
`plant_error_…` is the RMS difference of the speed from a tight reference (DOP853, rtol 1e-11,
started anew at each step of the set point), over the speed's range.

`fleet_rate`: pumps run to failure, a thousand histories in one call here, a few in plain Python.
"""

import itertools
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import control as ct
import numpy as np
from figure import Figure
from millwright_labs import plants, wear
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
    for a, b in itertools.pairwise(edges):
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


def interconnected(P: plants.Plant) -> ct.InterconnectedSystem:
    """Return the axis with its controller as python-control's blocks."""
    low, high = P.limits["u"]

    def rate(t: float, x: np.ndarray, e: np.ndarray, params: Any) -> np.ndarray:
        wanted = KP * e[0] + x[0]
        waits = (wanted > high and e[0] > 0) or (wanted < low and e[0] < 0)
        return np.array([0.0 if waits else KI * e[0]])

    def drive(t: float, x: np.ndarray, e: np.ndarray, params: Any) -> np.ndarray:
        return np.clip(KP * e[0] + x[0], low, high)

    C = ct.nlsys(rate, drive, inputs=["e"], outputs=["u"], states=1, name="C")
    difference = ct.summing_junction(["r", "-speed"], "e")
    return ct.interconnect(
        [P, C, difference], inputs=["r"], outputs=["speed"], warn_duplicate=False
    )


def axis() -> list[Figure]:
    """Measure speed and error of the closed loop."""
    P = plants.cnc_axis()
    controller = plants.pi(P, "speed", "u", KP, KI)
    one = closed_loop(P)
    with warnings.catch_warnings():
        # The position is not used here.
        warnings.simplefilter("ignore")
        blocks = interconnected(P)
    true = tight(one)

    def ours(substeps: int | None) -> np.ndarray:
        table = plants.simulate(
            P, TIMES, {}, controller=controller, reference=REFERENCE, substeps=substeps
        )
        return table["speed"].to_numpy()

    def theirs(loop: ct.NonlinearIOSystem) -> np.ndarray:
        return np.ravel(ct.input_output_response(loop, TIMES, REFERENCE).outputs)

    ours(None)  # compiles
    figures = []
    for name, substeps, loop, what in (
        ("cnc_axis", 2, blocks, "interconnect(plant, PI)"),
        ("cnc_axis_default", None, one, "one system by hand"),
    ):
        here, speed = seconds(lambda substeps=substeps: ours(substeps), 9)
        there, peer_speed = seconds(lambda loop=loop: theirs(loop), 3)
        peer = f"control {ct.__version__} input_output_response, {what}"
        error, peer_error = (
            float(np.sqrt(np.mean((w - true) ** 2)) / np.ptp(true)) for w in (speed, peer_speed)
        )
        figures += [
            Figure(f"plant_speed_{name}", 1e3 * here, "ms", peer, 1e3 * there, "lower", COMMAND),
            Figure(f"plant_error_{name}", error, "RMS/range", peer, peer_error, "lower", COMMAND),
        ]
    return figures


def fleet() -> Figure:
    """Measure histories per second, and in plain Python the same cycles step by step."""
    P, times = plants.pump_wear(), np.arange(61.0)
    growth = {"impeller_wear": wear.Growth(life=60.0)}
    wear.run_to_failure(P, times, {}, growth, machines=1, seed=4)  # compiles
    here, fleet = seconds(
        lambda: wear.run_to_failure(P, times, {}, growth, HISTORIES, 4, truth=True), 1
    )
    some = fleet.histories[fleet.histories["machine"] <= SLOW_HISTORIES]

    def plain() -> None:
        for severity in some["impeller_wear"]:
            worn = plants.pump_wear(faults={"impeller_wear": severity})
            plants.record(worn, times, {}, seed=4).mean()

    there, _ = seconds(plain, 1)
    return Figure(
        "fleet_rate",
        HISTORIES / here,
        "histories/s",
        "the same cycles by Rig in plain Python",
        SLOW_HISTORIES / there,
        "higher",
        COMMAND,
    )


def measure() -> list[Figure]:
    """Measure all figures of this file."""
    return [*axis(), fleet()]


if __name__ == "__main__":
    for figure in measure():
        print(figure, figure.ratio)
