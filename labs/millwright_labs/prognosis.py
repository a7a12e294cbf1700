"""How far a predicted life may be wrong, and what being wrong costs.

Split conformal intervals turn the errors on machines that no model has seen into an interval that
covers the truth as often as asked, whatever the model and whatever the distribution. They promise
nothing for machines of another kind, nor for one machine among many.

Sources: Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World; Saxena et al. 2008,
PHM (the score of the PHM08 challenge).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from millwright_labs.errors import PrognosisError

Floats = NDArray[np.float64]

#: Flights in which the score of a late, and of an early prediction grows by the factor e.
LATE_SCALE, EARLY_SCALE = 10.0, 13.0


def conformal_margins(errors: ArrayLike, coverage: float) -> tuple[float, float]:
    """Return what to add to a prediction for the ends of an interval that covers the truth.

    Parameters
    ----------
    errors : array_like, shape (n,)
        Truth less prediction, one for each machine that had no part in training: several from one
        machine are not independent, and the promise fails.
    coverage : float
        Wanted share of truths within the interval, in (0, 1); either end is missed equally often.

    Returns
    -------
    low, high : float
        Added to a prediction they give the interval. Infinite where `n` machines are too few for
        the coverage: two ends need at least ``2 / (1 - coverage) - 1`` machines.

    Notes
    -----
    A new machine from the same population lies within with a probability of at least `coverage`,
    on average over the machines of the calibration.
    """
    errors = _series("Errors", errors)
    if not 0 < coverage < 1:
        raise PrognosisError(f"The coverage must lie between 0 and 1, got {coverage!r}.")
    n, ordered = len(errors), np.sort(errors)
    # Rounded before it is cut: (n + 1)·(1 − 0.9)/2 must not lose a rank to the last binary digit.
    rank = math.floor(round((n + 1) * (1 - coverage) / 2, 9))
    if rank < 1:
        return -math.inf, math.inf
    return float(ordered[rank - 1]), float(ordered[n - rank])


def asymmetric_score(late: ArrayLike) -> float:
    """Return the PHM08 score of predictions: 0 is best, and too late is worse than too early.

    Parameters
    ----------
    late : array_like, shape (n,)
        Predicted less true remaining life (flights), positive where the prediction promises more
        than there is.

    Returns
    -------
    float
        Sum over the machines; a single bad one can outweigh all others.
    """
    late = _series("Errors", late)
    scale = np.where(late < 0, -EARLY_SCALE, LATE_SCALE)
    return float(np.expm1(late / scale).sum())


def _series(name: str, values: Any) -> Floats:
    try:
        series = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        series = np.array(math.nan)
    if series.ndim != 1 or not len(series) or not np.isfinite(series).all():
        raise PrognosisError(f"{name} must be one series of finite numbers, at least one.")
    return series
