"""Noticing that a residual is no longer what it was: the two-sided CUSUM.

Each side adds up what a standardised residual z exceeds a slack k, and never falls below 0:
``c = max(0, c + z - k)``. An alarm is raised above the threshold h. For white z of variance 1 the
mean time between false alarms follows from k and h (Siegmund); `threshold` turns that around.
A real residual is not white, so a threshold found this way must be proved on healthy data.
"""

from __future__ import annotations

import math

from numba import njit
from scipy import optimize

# Siegmund's correction for what a discrete sum overshoots a boundary by.
OVERSHOOT = 1.166


@njit(cache=True, error_model="numpy")
def step(c, z, slack):  # type: ignore[no-untyped-def]
    """Add a residual to the two sums in `c` (changed in place); return the larger one."""
    c[0] = max(0.0, c[0] + z - slack)
    c[1] = max(0.0, c[1] - z - slack)
    return max(c[0], c[1])


def run_length(threshold: float, slack: float, shift: float = 0.0) -> float:
    """Return the mean number of samples until an alarm, for white z of variance 1.

    Parameters
    ----------
    threshold, slack : float
        h and k, in standard deviations.
    shift : float
        Mean of z, in standard deviations; 0 gives the time between false alarms.

    Source: Siegmund, Sequential Analysis (1985); van Dobben de Bruyn for the two sides.
    """

    def one_side(mean: float) -> float:
        drift, b = mean - slack, threshold + OVERSHOOT
        if abs(drift) < 1e-9:
            return b * b
        return (math.exp(-2 * drift * b) + 2 * drift * b - 1) / (2 * drift * drift)

    return 1 / (1 / one_side(shift) + 1 / one_side(-shift))


def threshold(samples: float, slack: float) -> float:
    """Return the threshold that gives one false alarm in `samples`, for white z of variance 1."""
    found = optimize.brentq(lambda h: math.log(run_length(h, slack) / samples), 1e-3, 200.0)
    return float(found)
