"""A monitor for many sensors at once: Hotelling's T² and the squared prediction error (SPE).

Principal components of sound cycles say how the sensors move together. T² tells how far a cycle
has gone along those ways, the SPE how far it has left them: a heavy load raises T², a broken
sensor raises the SPE. Contributions tell which sensor speaks.

Sources: Jackson & Mudholkar 1979, Technometrics 21:341; Box 1954, Ann. Math. Stat. 25:290 (limit
of the SPE); Alcala & Qin 2009, Automatica 45:1593 (complete-decomposition contributions).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from millwright_labs.errors import MonitorError

Floats = NDArray[np.float64]


class PCAMonitor:
    """A monitor trained on sound cycles.

    Parameters
    ----------
    sound : array_like, shape (n, m)
        Sound cycles: n of them, more than there are sensors; m sensors, at least 2, in any units.
        Each is centred and scaled by its own standard deviation.
    components : int
        How many principal components are kept, from 1 to m - 1.

    Raises
    ------
    MonitorError
        If the table is not finite, too short, or a sensor never moves.

    Attributes
    ----------
    explained : float
        Share of the scaled variance that the kept components explain.
    """

    def __init__(self, sound: ArrayLike, components: int) -> None:
        sound = _table(sound)
        n, m = sound.shape
        if m < 2 or n <= m:
            raise MonitorError(
                f"{n} cycles of {m} sensors are too few: take at least two sensors, and more "
                "sound cycles than sensors."
            )
        if not 1 <= components < m or components != int(components):
            raise MonitorError(f"Keep from 1 to {m - 1} components, not {components!r}.")
        self._mean, self._scale = sound.mean(axis=0), sound.std(axis=0, ddof=1)
        still = np.flatnonzero(self._scale <= 1e-12 * np.maximum(np.abs(self._mean), 1e-300))
        if len(still):
            raise MonitorError(
                f"Sensor {still[0]} (counted from 0) never moves while the machine is sound. "
                "Leave it out."
            )
        self._n, self._k = n, int(components)
        variance, ways = np.linalg.eigh(np.cov((sound - self._mean) / self._scale, rowvar=False))
        # In descending order; rounding may leave a variance just below zero.
        self._variance, ways = np.maximum(variance[::-1], 0.0), ways[:, ::-1]
        kept = np.maximum(self._variance[: self._k], 1e-12)
        self._ways = ways[:, : self._k]
        # Square roots of the two quadratic forms: T² = |z·A|², SPE = |z·B|².
        self._roots = {
            "t2": (self._ways / np.sqrt(kept)) @ self._ways.T,
            "spe": np.eye(m) - self._ways @ self._ways.T,
        }
        self.explained = float(self._variance[: self._k].sum() / self._variance.sum())

    def t2(self, cycles: ArrayLike) -> Floats:
        """Return T² of each cycle, shape (cycles,)."""
        return self.contributions(cycles, "t2").sum(axis=1)

    def spe(self, cycles: ArrayLike) -> Floats:
        """Return the squared prediction error of each cycle, in scaled units, shape (cycles,)."""
        return self.contributions(cycles, "spe").sum(axis=1)

    def contributions(self, cycles: ArrayLike, statistic: str) -> Floats:
        """Return what each sensor adds to a statistic, shape (cycles, m).

        Parameters
        ----------
        cycles : array_like, shape (cycles, m)
            In the units of the training.
        statistic : {"t2", "spe"}
            The contributions of a cycle are not negative, and their sum is the statistic.
        """
        if statistic not in self._roots:
            raise MonitorError(f"The statistic is 't2' or 'spe', not {statistic!r}.")
        cycles = _table(cycles)
        if cycles.shape[1] != len(self._mean):
            raise MonitorError(
                f"The monitor knows {len(self._mean)} sensors, the cycles have {cycles.shape[1]}."
            )
        return (((cycles - self._mean) / self._scale) @ self._roots[statistic]) ** 2

    def limits(self, alpha: float) -> tuple[float, float]:
        """Return the limits of T² and SPE that a sound cycle exceeds with probability `alpha`.

        Both hold for normally distributed cycles from the conditions of the training: T² by the F
        distribution for a new cycle, the SPE by Box's approximation, which takes the variances as
        known: with 200 cycles of six sensors 1.3 % exceed a limit set for 1 %.
        """
        if not 0 < alpha < 1:
            raise MonitorError(f"The false alarm rate must lie between 0 and 1, got {alpha!r}.")
        n, k = self._n, self._k
        t2 = k * (n * n - 1) / (n * (n - k)) * float(stats.f.isf(alpha, k, n - k))
        left = self._variance[k:]
        first, second = float(left.sum()), float((left**2).sum())
        if second <= 0:
            return t2, 0.0
        return t2, second / first * float(stats.chi2.isf(alpha, first**2 / second))


def _table(values: Any) -> Floats:
    try:
        table = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        table = np.array(np.nan)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise MonitorError(
            "Cycles must be a table of finite numbers, one row a cycle and one column a sensor. "
            "Remove or mend what is missing."
        )
    return table
