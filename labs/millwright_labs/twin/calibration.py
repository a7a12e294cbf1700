"""Fitting the model to the machine anew, and refusing to where that would do harm.

A calibration is taken over only if

- the record is long enough and says enough of every number sought (excitation),
- no number lies at or beyond its physical bound,
- the new model predicts the last third of the record, which the fit has not seen, better than the
  present one.

Otherwise the present model stays, and `Outcome.reason` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import optimize

from millwright_labs.twin.model import Box, follow


@dataclass(frozen=True)
class Task:
    """What a calibration seeks.

    Attributes
    ----------
    names : tuple of str
        The numbers of the box to fit.
    belief : tuple of float
        How far each may be from what it is believed to be, as a share of it, before the record is
        seen. A record that says little of a number leaves it there.
    least : dict of str to float
        What the record alone must tell: the largest standard deviation, as a share.
    """

    names: tuple[str, ...]
    belief: tuple[float, ...]
    least: dict[str, float]


# A new box is described by four numbers; its power is 1 by definition, because no record of
# temperatures can tell a strong heater in a heavy box from a weak one in a light box.
COMMISSION = Task(
    ("C_air", "G_box", "C_heater", "G_heater"), (0.1,) * 4, {"G_box": 0.02, "C_heater": 0.7}
)
# Later, masses do not change: a heater wears, gaps open, a fan slows down.
RECALIBRATE = Task(
    ("power", "G_box", "G_heater"),
    (0.1, 0.1, 0.2),
    {"power": 0.12, "G_box": 0.12, "G_heater": 0.3},
)

#: Bounds as factors on the numbers that the box was commissioned with.
BOUNDS = {
    "C_air": (0.4, 2.5),
    "C_heater": (0.4, 2.5),
    "G_box": (0.5, 2.0),
    "G_heater": (0.15, 2.5),
    "power": (0.3, 1.15),
}

LEAST_SAMPLES = 200
# Standard deviation of a reading (K), with its step and its lag.
NOISE = 0.07
# The model's errors last longer than a sample, half a swing of the thermostat: so many readings
# count as one.
CORRELATED = 200
WEIGHT = NOISE * CORRELATED**0.5  # K
SHARE_FITTED = 2 / 3


@dataclass(frozen=True)
class Window:
    """A record to fit: inputs of each interval and the reading at its end.

    `heater`, `room` and `T` have shape (n,); `T` (°C) may be NaN.
    """

    heater: np.ndarray
    room: np.ndarray
    T: np.ndarray
    dt: float

    def __len__(self) -> int:
        return len(self.T)


@dataclass(frozen=True)
class Outcome:
    """What became of a calibration.

    Attributes
    ----------
    accepted : bool
    reason : str
        Key of the sentence that says why: ``better``, ``short``, ``not-excited``, ``bounds`` or
        ``worse``.
    box : Box
        The model to use from now on.
    about : tuple of str
        The numbers that the reason speaks of.
    sd : dict of str to float
        Standard deviation of each fitted number, as a share of it.
    rmse_before, rmse_after : float
        Of the free prediction of the held-out third (K), by the present and by the new model.
    """

    accepted: bool
    reason: str
    box: Box
    about: tuple[str, ...] = ()
    sd: dict[str, float] = field(default_factory=dict)
    rmse_before: float = float("nan")
    rmse_after: float = float("nan")


def _errors(box: Box, start: Sequence[float] | np.ndarray, window: Window) -> np.ndarray:
    states = follow(start[0], start[1], window.heater, window.room, window.dt, box.numbers())
    return states[:, 1] - window.T


def _best_start(box: Box, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Find the temperatures of heater and air from which the model fits best, and its errors.

    The model is linear in them: two answers without heat, in a room at 0 °C, say what they add.
    """
    rest, p, nothing = _errors(box, (0.0, 0.0), window), box.numbers(), np.zeros(len(window))
    unit = [follow(*x, nothing, nothing, window.dt, p)[:, 1] for x in ((1.0, 0.0), (0.0, 1.0))]
    added = np.column_stack(unit)
    there = ~np.isnan(window.T)
    known = added[there]
    start = np.linalg.solve(known.T @ known, -known.T @ rest[there])
    return start, rest + added @ start


def _scaled(box: Box, names: Sequence[str], factors: Sequence[float] | np.ndarray) -> Box:
    values = {name: getattr(box, name) * float(f) for name, f in zip(names, factors, strict=True)}
    return replace(box, **values)


def information(box: Box, window: Window, names: Sequence[str]) -> dict[str, float]:
    """Return how well a record could tell each number: its standard deviation, as a share of it.

    Found from the model's own sensitivities and errors of `WEIGHT`; infinite where the record
    says nothing.
    """
    there = ~np.isnan(window.T)
    start, base = _best_start(box, window)
    base = base[there]
    step = 1e-4
    columns = []
    for i in range(len(names)):
        factors = [1.0 + step * (i == j) for j in range(len(names))]
        columns.append((_errors(_scaled(box, names, factors), start, window)[there] - base) / step)
    for offset in ((1.0, 0.0), (0.0, 1.0)):
        columns.append(_errors(box, start + np.array(offset), window)[there] - base)
    J = np.column_stack(columns)
    scale = np.maximum(np.sqrt((J**2).sum(axis=0)), 1e-12)
    singular, turned = np.linalg.svd(J / scale, full_matrices=False)[1:]
    singular = np.maximum(singular, 1e-9)
    sd = WEIGHT * np.sqrt(((turned.T / singular) ** 2).sum(axis=1)) / scale
    return dict(zip(names, sd[: len(names)].tolist(), strict=True))


def calibrate(
    box: Box,
    window: Window,
    task: Task,
    commissioned: Box | None = None,
    believed: Box | None = None,
) -> Outcome:
    """Fit the numbers of `task` to a record, and judge the result.

    Parameters
    ----------
    box : Box
        The present model.
    window : Window
        The record. Two thirds are fitted; the last third judges.
    task : Task
        `COMMISSION` or `RECALIBRATE`.
    commissioned : Box, optional
        What `BOUNDS` refer to; default `box`.
    believed : Box, optional
        What the fit starts from and keeps to where the record says little; default `box`.
    """
    names = task.names
    reference = commissioned or box
    cut = round(SHARE_FITTED * len(window))
    seen = Window(window.heater[:cut], window.room[:cut], window.T[:cut], window.dt)
    there = ~np.isnan(seen.T)
    if there.sum() < LEAST_SAMPLES or (~np.isnan(window.T[cut:])).sum() < LEAST_SAMPLES / 2:
        return Outcome(False, "short", box)
    known = information(box, seen, names)
    unknown = tuple(name for name, sd in task.least.items() if not known[name] <= sd)
    if unknown:
        return Outcome(False, "not-excited", box, unknown, known)

    prior = believed or box
    beyond = tuple(
        name
        for name in names
        if not BOUNDS[name][0] <= getattr(prior, name) / getattr(reference, name) <= BOUNDS[name][1]
    )
    if beyond:
        return Outcome(False, "bounds", box, beyond, known)
    low = [BOUNDS[n][0] * getattr(reference, n) / getattr(prior, n) for n in names]
    high = [BOUNDS[n][1] * getattr(reference, n) / getattr(prior, n) for n in names]

    def errors(factors: np.ndarray) -> np.ndarray:
        return _best_start(_scaled(prior, names, factors), seen)[1][there]

    def weighted(factors: np.ndarray) -> np.ndarray:
        return np.concatenate((errors(factors) / WEIGHT, np.log(factors) / np.array(task.belief)))

    found = optimize.least_squares(
        weighted,
        np.clip(np.ones(len(names)), np.multiply(low, 1.001), np.multiply(high, 0.999)),
        bounds=(low, high),
        x_scale=0.1,
        diff_step=1e-4,
    )
    new = _scaled(prior, names, found.x)
    at_bound = tuple(
        name
        for name, value, a, b in zip(names, found.x, low, high, strict=True)
        if value < a * 1.005 or value > b * 0.995
    )
    before, after = (_held_out(model, window, seen, cut) for model in (box, new))
    sd = information(new, seen, names)
    if at_bound:
        return Outcome(False, "bounds", box, at_bound, sd, before, after)
    if not after < before:
        return Outcome(False, "worse", box, (), sd, before, after)
    return Outcome(True, "better", new, names, sd, before, after)


def _held_out(box: Box, window: Window, seen: Window, cut: int) -> float:
    start, _ = _best_start(box, seen)
    errors = _errors(box, start, window)[cut:]
    return float(np.sqrt(np.nanmean(errors**2)))
