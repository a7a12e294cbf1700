"""What would happen if: the model runs ahead from a copy of the twin's state.

The thermostat's program is known and runs along; the physics are the twin's own model. How sure
the answer is follows from the filter's covariance: members of an ensemble start from states and
factors drawn from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from millwright_labs.link.stations.incubator_live import HEATING, IDLE, thermostat
from millwright_labs.twin.estimator import LOSS_RANGE, POWER_RANGE
from millwright_labs.twin.model import Box, advance

MEMBERS = 30


@dataclass(frozen=True)
class Future:
    """An answer.

    Attributes
    ----------
    t : ndarray, shape (n,)
        Seconds from now.
    T, low, high : ndarray, shape (n,)
        Air temperature (°C): median and the band of 90 % of the ensemble.
    heater_hottest : float
        Highest temperature (°C) of the heater, median of the ensemble.
    energy : float
        Electrical energy (Wh) for the heater at its rated power, mean of the ensemble.
    reached : float or None
        Seconds until the air is within 1 K of the set point, median; None if most never are.
    """

    t: np.ndarray
    T: np.ndarray
    low: np.ndarray
    high: np.ndarray
    heater_hottest: float
    energy: float
    reached: float | None


@njit(cache=True, error_model="numpy")
def _run(states, set_point, room, dt, p, air, on):  # type: ignore[no-untyped-def]
    hottest = np.empty(len(states))
    for m in range(len(states)):
        h, a, power, loss = states[m]
        phase, clock = IDLE, 0.0
        hottest[m] = h
        for k in range(air.shape[1]):
            phase, clock = thermostat(phase, clock, a, set_point, dt)
            heater = 1.0 if phase == HEATING else 0.0
            h, a = advance(h, a, power * p.P_heater * heater, 0.0, room, loss, dt, p)
            air[m, k], on[m, k] = a, heater
            hottest[m] = max(hottest[m], h)
    return hottest


def ahead(
    x: np.ndarray,
    P: np.ndarray,
    box: Box,
    room: float,
    dt: float,
    set_point: float,
    hours: float,
    loss: float | None = None,
    power: float | None = None,
) -> Future:
    """Run the model ahead; nothing that is given is changed.

    Parameters
    ----------
    x, P : ndarray, shapes (4,) and (4, 4)
        The filter's state and covariance.
    box : Box
    room : float
        Room temperature (°C), taken to stay.
    dt : float
        Step (s), the sample time of the thermostat.
    set_point : float
        In °C.
    hours : float
        How far.
    loss, power : float, optional
        What these factors would be (a closed lid, a new heater); default: as they are.
    """
    rng = np.random.default_rng(0)
    spread = rng.multivariate_normal(np.zeros(4), P, MEMBERS, method="svd", check_valid="ignore")
    states = x + spread
    states[0] = x
    if power is not None:
        states[:, 2] = power
    if loss is not None:
        states[:, 3] = loss
    states[:, 2] = np.clip(states[:, 2], *POWER_RANGE)
    states[:, 3] = np.clip(states[:, 3], *LOSS_RANGE)
    n = max(1, round(hours * 3600.0 / dt))
    air, on = np.empty((MEMBERS, n)), np.empty((MEMBERS, n))
    hottest = _run(states, set_point, room, dt, box.numbers(), air, on)
    near = np.abs(air - set_point) <= 1.0
    reached = np.where(near.any(axis=1), (near.argmax(axis=1) + 1) * dt, np.inf)
    middle = float(np.median(reached))
    low, median, high = np.quantile(air, (0.05, 0.5, 0.95), axis=0)
    return Future(
        t=dt * np.arange(1, n + 1),
        T=median,
        low=low,
        high=high,
        heater_hottest=float(np.median(hottest)),
        energy=float(on.mean() * n * dt * box.P_heater / 3600.0),
        reached=middle if np.isfinite(middle) else None,
    )
