"""An extended Kalman filter for box and heater, which also tracks what changes slowly.

The state is (T_heater, T_air, power, loss). Both thermometers measure T_air; they are used one
after the other, so that no matrix is inverted and a lost reading is simply left out. The model is
linear in the temperatures and in `power`, so most of its Jacobian is its own answer to unit
inputs; only `loss` multiplies a state.
"""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numba import njit

from millwright_labs.twin import drift
from millwright_labs.twin.model import advance

#: Columns that `track` fills for each sample.
TRACK = (
    "T_heater", "T_air", "power", "loss", "T_heater_sd", "T_air_sd", "power_sd", "loss_sd",
    "innovation", "z", "nis", "used", "cusum", "differs", "cusum_differs",
)  # fmt: skip

# Neither factor can be negative, and a lid does not open further than wide.
POWER_RANGE = (0.0, 1.3)
LOSS_RANGE = (0.05, 60.0)


@dataclass(frozen=True)
class Tuning:
    """How far the filter trusts model and sensors, and when it takes alarm.

    Attributes
    ----------
    heater, air : float
        Standard deviation (K) that a sample adds to each temperature.
    power, loss : float
        Standard deviation that a sample adds to each factor.
    reading : float
        Standard deviation (K) of a reading, with its step and what its lag hides.
    slack, threshold : float
        Of the CUSUM on the innovation, in standard deviations.
    slack_differs, threshold_differs : float
        Of the CUSUM on the difference of the two thermometers.
    """

    heater: float = 0.015
    air: float = 0.01
    power: float = 6e-4
    loss: float = 3e-4
    reading: float = 0.063
    slack: float = 1.0
    threshold: float = 6.4
    slack_differs: float = 1.0
    threshold_differs: float = 15.0

    def numbers(self) -> Any:
        """Return the numbers as compiled code takes them."""
        return Numbers(**vars(self))


Numbers = namedtuple("Numbers", [entry.name for entry in fields(Tuning)])  # type: ignore[misc]


@njit(cache=True, error_model="numpy")
def predict(x, dt, heater, room, p):  # type: ignore[no-untyped-def]
    """Return the next state, shape (4,), and the Jacobian, shape (4, 4)."""
    heat = p.P_heater * heater
    new, F = x.copy(), np.eye(4)
    new[0], new[1] = advance(x[0], x[1], x[2] * heat, 0.0, room, x[3], dt, p)
    F[0, 0], F[1, 0] = advance(1.0, 0.0, 0.0, 0.0, 0.0, x[3], dt, p)
    F[0, 1], F[1, 1] = advance(0.0, 1.0, 0.0, 0.0, 0.0, x[3], dt, p)
    F[0, 2], F[1, 2] = advance(0.0, 0.0, heat, 0.0, 0.0, x[3], dt, p)
    above = 0.5 * (x[1] + new[1]) - room
    F[0, 3], F[1, 3] = advance(0.0, 0.0, 0.0, -p.G_box * above, 0.0, x[3], dt, p)
    return new, F


@njit(cache=True, error_model="numpy")
def track(x, P, c, d, heater, room, y, trust, differs, dt, p, q, out):  # type: ignore[no-untyped-def]
    """Filter samples until they end, or until an alarm; return how many were used.

    Parameters
    ----------
    x, P : ndarray, shapes (4,) and (4, 4)
        State and covariance; changed in place.
    c, d : ndarray, shape (2,)
        The two CUSUMs, on the innovation and on the difference; changed in place.
    heater, room : ndarray, shape (n,)
        Inputs of the interval that ends at each sample.
    y : ndarray, shape (n, 2)
        Readings (°C); NaN where one is lost.
    trust : ndarray of bool, shape (2,)
        Thermometers to use.
    differs : (float, float)
        Mean and standard deviation of T_1 - T_2 on the sound box (K).
    dt : float
        Sample time (s).
    p, q : Numbers
        Of the box and of the filter.
    out : ndarray, shape (n, len(TRACK))
        Filled.
    """
    Q = np.array([q.heater**2, q.air**2, q.power**2, q.loss**2])
    R = q.reading**2
    for k in range(len(heater)):
        new, F = predict(x, dt, heater[k], room[k], p)
        x[:] = new
        FP = np.zeros((4, 4))
        for i in range(4):
            for j in range(4):
                for m in range(4):
                    FP[i, j] += F[i, m] * P[m, j]
        for i in range(4):
            for j in range(i + 1):
                total = Q[i] if i == j else 0.0
                for m in range(4):
                    total += FP[i, m] * F[j, m]
                P[i, j] = P[j, i] = total
        expected, variance = x[1], P[1, 1]
        total, used, nis = 0.0, 0, 0.0
        for i in range(2):
            # Each thermometer hangs half the usual difference from the mean of both.
            value = y[k, i] + (differs[0] / 2 if i else -differs[0] / 2)
            if not trust[i] or np.isnan(value):
                continue
            total += value - expected
            used += 1
            e, S = value - x[1], P[1, 1] + R
            K = P[:, 1] / S
            nis += e * e / S
            for m in range(4):
                x[m] += K[m] * e
            row = P[1].copy()
            for m in range(4):
                for j in range(4):
                    P[m, j] -= K[m] * row[j]
        for m in range(4):
            for j in range(m):
                P[m, j] = P[j, m] = 0.5 * (P[m, j] + P[j, m])
        x[2] = min(max(x[2], POWER_RANGE[0]), POWER_RANGE[1])
        x[3] = min(max(x[3], LOSS_RANGE[0]), LOSS_RANGE[1])
        o = out[k]
        for m in range(4):
            o[m], o[4 + m] = x[m], np.sqrt(max(P[m, m], 0.0))
        o[8] = o[9] = o[10] = o[13] = np.nan
        o[11] = used
        level = max(c[0], c[1])
        if used:
            o[8] = total / used
            o[9] = o[8] / np.sqrt(variance + R / used)
            o[10] = nis
            level = drift.step(c, o[9], q.slack)
        o[12] = level
        apart = max(d[0], d[1])
        o[13] = (y[k, 0] - y[k, 1] - differs[0]) / differs[1]
        if trust[0] and trust[1] and not np.isnan(o[13]):
            apart = drift.step(d, o[13], q.slack_differs)
        o[14] = apart
        if level > q.threshold or apart > q.threshold_differs:
            return k + 1
    return len(heater)
