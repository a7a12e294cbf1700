"""When to replace what wears: the expected cost of each time, from histories drawn or observed.

A part is used until a planned time, or until it fails. From some moment on it may do its work
badly, so that what it makes is scrap. In the long run the best plan has the lowest cost for each
unit of good work (renewal-reward theorem: Ross 1996, Stochastic Processes, 3.6). For one part of
which more is known, the best time has the lowest cost after the good work has been credited at
that rate. `millwright_labs.reliability` has the closed form for Weibull lives without scrap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from millwright_labs.errors import ReliabilityError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Costs:
    """What a use of a part costs, in any currency.

    `planned` replacement, `failure` in use (all that it brings, with the new part), and `scrap`
    for each unit of time that a spoilt part goes on working.
    """

    planned: float = 1.0
    failure: float = 10.0
    scrap: float = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.planned < np.inf and 0 <= self.failure < np.inf and self.scrap >= 0):
            raise ReliabilityError(
                "Costs are numbers: planned above 0, failure and scrap not negative."
            )


@dataclass(frozen=True)
class Cycle:
    """One use of a part, as expected for each planned time.

    Attributes
    ----------
    cost : ndarray, shape (n,)
        Expected cost.
    good : ndarray, shape (n,)
        Expected time of good work.
    failure : ndarray, shape (n,)
        Probability of failing before the planned time.
    """

    cost: Floats
    good: Floats
    failure: Floats

    @property
    def rate(self) -> Floats:
        """Long-run cost for a unit of good work, shape (n,); infinite without good work."""
        return np.divide(
            self.cost, self.good, out=np.full_like(self.cost, np.inf), where=self.good > 0
        )

    def loss(self, rate: float) -> Floats:
        """Return the cost less the worth of the good work at a `rate`, shape (n,)."""
        return self.cost - rate * self.good


def expected_cycle(
    plan: ArrayLike,
    fails: ArrayLike,
    spoils: ArrayLike,
    costs: Costs,
    weights: ArrayLike | None = None,
) -> Cycle:
    """Return what each planned time of replacement is expected to cost and to yield.

    Parameters
    ----------
    plan : array_like, shape (n,)
        Planned times of replacement, not negative.
    fails, spoils : array_like, shape (m,)
        When each of m histories fails, and from when on it makes scrap; inf: not before the last
        planned time.
    costs : Costs
        In one currency, `scrap` by the unit of the times.
    weights : array_like, shape (m,), optional
        How likely each history is; default: all alike.

    Raises
    ------
    ReliabilityError
        If times are negative or missing, or the arrays do not fit together.
    """
    times = [np.asarray(values, dtype=float) for values in (plan, fails, spoils)]
    if any(values.ndim != 1 or not np.all(values >= 0) for values in times):
        raise ReliabilityError("Times must be lists of numbers, none negative and none missing.")
    planned, failed, spoilt = times
    share = _shares(weights, len(failed))
    if len(spoilt) != len(failed):
        raise ReliabilityError(
            f"{len(failed)} histories fail and {len(spoilt)} spoil; give one time each."
        )
    used = _mean_use(planned, failed, share)
    good = _mean_use(planned, np.minimum(failed, spoilt), share)
    failure = _by(planned, failed, share)
    cost = costs.planned * (1 - failure) + costs.failure * failure + costs.scrap * (used - good)
    return Cycle(cost, good, failure)


def _mean_use(plan: Floats, ends: Floats, share: Floats) -> Floats:
    """Mean of min(plan, end) over the histories."""
    order = np.argsort(ends)
    sorted_ends, sorted_share = ends[order], share[order]
    ended = np.where(np.isfinite(sorted_ends), sorted_ends, 0.0) * sorted_share
    before = np.searchsorted(sorted_ends, plan, side="right")
    lived = np.concatenate([[0.0], np.cumsum(ended)])
    gone = np.concatenate([[0.0], np.cumsum(sorted_share)])
    return lived[before] + plan * np.maximum(1 - gone[before], 0.0)


def _by(plan: Floats, ends: Floats, share: Floats) -> Floats:
    """Probability of an end at or before the planned time."""
    order = np.argsort(ends)
    gone = np.concatenate([[0.0], np.cumsum(share[order])])
    return np.minimum(gone[np.searchsorted(ends[order], plan, side="right")], 1.0)


def _shares(weights: Any, count: int) -> Floats:
    share = np.ones(count) if weights is None else np.asarray(weights, dtype=float)
    if (
        share.shape != (count,)
        or not count
        or not np.all(share >= 0)
        or not 0 < share.sum() < np.inf
    ):
        raise ReliabilityError("Weights must be one number for each history, not all of them 0.")
    return share / share.sum()
