"""What a health model looks at: a few numbers of each tag over a window of samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: A tag of which a smaller share of the window was measured cannot be judged.
LEAST_PRESENT = 0.5


def feature_names(inputs: Sequence[str], outputs: Sequence[str]) -> list[str]:
    """Name the features in the order of `features`."""
    return [
        *(f"mean {name}" for name in (*inputs, *outputs)),
        *(f"spread {name}" for name in outputs),
        *(f"trend {name}" for name in outputs),
    ]


def features(window: np.ndarray, inputs: int) -> np.ndarray | None:
    """Reduce a window to features.

    Parameters
    ----------
    window : ndarray, shape (samples, tags)
        Oldest first, inputs before outputs; a lost measurement is NaN.
    inputs : int
        How many of the tags are inputs; of those only the mean counts.

    Returns
    -------
    ndarray, shape (features,), or None
        Mean of each tag; of each output also the standard deviation, and by how much the mean of
        the window's newer half is above that of its older half. In the tags' units. None where
        too much was lost.
    """
    half = len(window) // 2
    present = ~np.isnan(window)
    older, newer = present[:half].sum(axis=0), present[half:].sum(axis=0)
    least = LEAST_PRESENT * half
    if np.any(older < least) or np.any(newer < least):
        return None
    known = np.where(present, window, 0.0)
    sums = known[:half].sum(axis=0), known[half:].sum(axis=0)
    mean = (sums[0] + sums[1]) / (older + newer)
    off = np.where(present, window - mean, 0.0)[:, inputs:]
    spread = np.sqrt((off * off).sum(axis=0) / (older + newer)[inputs:])
    trend = (sums[1] / newer - sums[0] / older)[inputs:]
    return np.concatenate((mean, spread, trend))
