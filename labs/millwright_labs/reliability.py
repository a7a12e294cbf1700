"""Weibull lives, as apps and labs show them: fit, probability plot, replacement at a fixed age.

Lives may be right-censored: a machine that still runs, or left the test unbroken, has lived *at
least* that long. Ages carry the unit of the data (hours, kilometres, revolutions).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from millwright_labs.errors import ReliabilityError

Floats = NDArray[np.float64]


def weibull_fit(lives: ArrayLike, failed: ArrayLike) -> tuple[float, float]:
    """Fit a two-parameter Weibull distribution by maximum likelihood.

    Parameters
    ----------
    lives : array_like, shape (n,)
        Ages at failure or at the end of observation, positive.
    failed : array_like of bool, shape (n,)
        True where the age is that of a failure.

    Returns
    -------
    beta, eta : float
        Shape (without unit) and scale (unit of the lives).

    Raises
    ------
    ReliabilityError
        If a life is not a positive number, or fewer than two different ages of failure are known.
    """
    lives, failed = _checked(lives, failed)
    if len(np.unique(lives[failed])) < 2:
        raise ReliabilityError(
            "A Weibull shape needs at least two different ages of failure. Observe longer."
        )
    data = stats.CensoredData.right_censored(lives, ~failed)
    beta, _, eta = stats.weibull_min.fit(data, floc=0)
    return float(beta), float(eta)


def log_likelihood(beta: float, eta: float, lives: ArrayLike, failed: ArrayLike) -> float:
    """Return the log-likelihood of a Weibull distribution for right-censored lives."""
    lives, failed = _checked(lives, failed)
    weibull = stats.weibull_min(beta, scale=eta)
    return float(weibull.logpdf(lives[failed]).sum() + weibull.logsf(lives[~failed]).sum())


def plotting_positions(lives: ArrayLike, failed: ArrayLike) -> tuple[Floats, Floats]:
    """Return where the failures stand on a probability plot.

    Ranks are Johnson's mean order numbers, which share out what the censored lives leave open;
    positions are Bernard's median ranks.

    Parameters
    ----------
    lives, failed : array_like, shape (n,)
        See `weibull_fit`.

    Returns
    -------
    ages, share : ndarray, shape (number of failures,)
        Age at each failure, ascending, and the estimated share failed by then, in (0, 1).

    Notes
    -----
    L. G. Johnson, *The Statistical Treatment of Fatigue Experiments* (1964); A. Benard and
    E. C. Bos-Levenbach, Statistica Neerlandica 7 (1953) 163.
    """
    lives, failed = _checked(lives, failed)
    # Of equal ages the failures come first: a unit censored there outlived them.
    order = np.lexsort((~failed, lives))
    n, rank = len(lives), 0.0
    ages, ranks = [], []
    for place, k in enumerate(order):
        if failed[k]:
            rank += (n + 1 - rank) / (n - place + 1)
            ages.append(lives[k])
            ranks.append(rank)
    return np.array(ages), (np.array(ranks) - 0.3) / (n + 0.4)


def b_life(percent: float, beta: float, eta: float) -> float:
    """Return the age by which `percent` of the units have failed, in the unit of `eta`."""
    return eta * (-math.log1p(-percent / 100)) ** (1 / beta)


def mean_life(beta: float, eta: float) -> float:
    """Return the mean age at failure, in the unit of `eta`."""
    return eta * math.gamma(1 + 1 / beta)


def cost_rate(age: ArrayLike, beta: float, eta: float, ratio: float) -> Floats:
    """Return the long-run cost per unit of age of replacing at failure or at `age`.

    Parameters
    ----------
    age : array_like
        Age of planned replacement, positive, in the unit of `eta`.
    beta, eta : float
        Weibull shape and scale.
    ratio : float
        Cost of a failure over cost of a planned replacement, > 1.

    Returns
    -------
    ndarray
        Cost rate as a share of that of running to failure: below 1, planned replacement pays.

    Notes
    -----
    R. E. Barlow and F. Proschan, *Mathematical Theory of Reliability* (1965), age replacement.
    """
    hazard = (np.asarray(age, dtype=float) / eta) ** beta
    failed = -np.expm1(-hazard)
    # Expected age at replacement, as a share of the mean life.
    lived = special.gammainc(1 / beta, hazard)
    return (1 + (ratio - 1) * failed) / (ratio * lived)


def optimal_age(beta: float, eta: float, ratio: float) -> float | None:
    """Return the age of planned replacement with the lowest cost rate.

    Returns
    -------
    float or None
        The age in the unit of `eta`; None where running to failure is never dearer: units that
        do not wear out (`beta` ≤ 1), failures that cost no more than a planned replacement, or
        an optimum so late that fewer than one unit in a million would live to see it.
    """
    if beta <= 1 or ratio <= 1:
        return None
    most = -math.log(1e-6)

    def slope(hazard: float) -> float:
        # Has the sign of the cost rate's derivative; rises with age because beta > 1.
        lived = math.gamma(1 + 1 / beta) * special.gammainc(1 / beta, hazard)
        rate = beta * hazard ** (1 - 1 / beta)
        return rate * lived + math.expm1(-hazard) - 1 / (ratio - 1)

    if slope(most) <= 0:
        return None
    hazard = optimize.brentq(slope, 1e-12, most, xtol=1e-12)
    return float(eta * hazard ** (1 / beta))


def _checked(lives: Any, failed: Any) -> tuple[Floats, NDArray[np.bool_]]:
    lives = np.asarray(lives, dtype=float)
    failed = np.asarray(failed, dtype=bool)
    if lives.ndim != 1 or lives.shape != failed.shape or not len(lives):
        raise ReliabilityError(
            f"Lives and failures must be two lists of one length, not {lives.shape} and "
            f"{failed.shape}."
        )
    if not (np.isfinite(lives) & (lives > 0)).all():
        raise ReliabilityError("Every life must be a positive number. Remove or correct the rest.")
    return lives, failed
