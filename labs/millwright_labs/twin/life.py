"""How long the heater will last: a straight line through its estimated power, with an interval.

The line is an assumption. A heater that wears faster and faster fails before the interval says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

SECONDS_PER_HOUR = 3600.0
#: Share of the rated power at which a heater is replaced.
END = 0.7
LEAST_WORTH = 5.0  # independent points; fewer give no line
LEVEL = 0.9  # of the interval
#: A heater above it is not told from a sound one by a model that errs as much.
SOUND = 0.93
LEAST_POINTS = 36
DRAWS = 2000
# The chance that a heater which does not wear is said to.
CHANCE = 0.01


@dataclass(frozen=True)
class Life:
    """Remaining life of the heater.

    Attributes
    ----------
    rate, rate_sd : float
        Change of its power an hour, as a share of the rated power.
    hours, low, high : float or None
        Until `END`: median and 90 % interval (high may be infinite); None where no wear shows.
    """

    rate: float
    rate_sd: float
    hours: float | None = None
    low: float | None = None
    high: float | None = None


def remaining(t: np.ndarray, power: np.ndarray) -> Life | None:
    """Extrapolate the heater's power.

    Parameters
    ----------
    t : ndarray, shape (n,)
        Times (s) at even steps; the last is now.
    power : ndarray, shape (n,)
        Estimated share of the rated power.

    Returns
    -------
    Life or None
        None with too few points.
    """
    if len(t) < LEAST_POINTS:
        return None
    x = (np.asarray(t, dtype=float) - t[-1]) / SECONDS_PER_HOUR
    A = np.column_stack((np.ones_like(x), x))
    line, *_ = np.linalg.lstsq(A, power, rcond=None)
    rest = power - A @ line
    # Estimates that follow each other share their error: count those that are worth one.
    alike = float(np.clip(rest[1:] @ rest[:-1] / max(rest @ rest, 1e-12), 0.0, 0.98))
    worth = max(len(x) * (1 - alike) / (1 + alike), LEAST_WORTH)
    variance = rest @ rest / len(x) * worth / (worth - 2)
    covariance = variance * np.linalg.inv(A.T @ A) * len(x) / worth
    rate, sd = float(line[1]), float(np.sqrt(covariance[1, 1]))
    t_law = stats.t(worth - 2)
    if line[0] > SOUND or t_law.cdf(rate / max(sd, 1e-12)) > CHANCE:
        return Life(rate, sd)
    rng = np.random.default_rng(0)
    scale = np.sqrt((worth - 2) / rng.chisquare(worth - 2, DRAWS))[:, None]
    draws = line + scale * rng.multivariate_normal(np.zeros(2), covariance, DRAWS)
    with np.errstate(divide="ignore"):
        hours = np.where(draws[:, 1] < 0, (END - draws[:, 0]) / draws[:, 1], np.inf)
    tail = (1 - LEVEL) / 2
    low, middle, high = np.quantile(
        np.maximum(hours, 0.0), (tail, 0.5, 1 - tail), method="inverted_cdf"
    )
    return Life(rate, sd, float(middle), float(low), float(high))
