"""The CUSUM alarms as often as its design says."""

import numpy as np
import pytest
from millwright_labs.twin import drift


def simulated(threshold: float, slack: float, shift: float, runs: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    lengths = []
    for _ in range(runs):
        c, n = np.zeros(2), 0
        while True:
            n += 1
            if drift.step(c, shift + rng.standard_normal(), slack) > threshold:
                break
        lengths.append(n)
    return float(np.mean(lengths))


@pytest.mark.parametrize(
    ("threshold", "slack", "shift"), [(4.0, 0.5, 0.0), (2.0, 1.0, 0.0), (5.0, 0.5, 1.0)]
)
def test_run_lengths_agree_with_simulation(threshold, slack, shift) -> None:
    found = simulated(threshold, slack, shift, runs=600, seed=4)
    assert drift.run_length(threshold, slack, shift) == pytest.approx(found, rel=0.15)


@pytest.mark.parametrize(
    ("slack", "threshold", "published"), [(0.5, 4.0, 168.0), (0.5, 5.0, 465.0), (0.25, 8.0, 368.0)]
)
def test_run_lengths_agree_with_the_tables(slack, threshold, published) -> None:
    """Montgomery, Introduction to Statistical Quality Control, tables for the two-sided CUSUM."""
    assert drift.run_length(threshold, slack) == pytest.approx(published, rel=0.04)


@pytest.mark.parametrize("samples", [500.0, 28_800.0, 864_000.0])
def test_the_threshold_gives_what_was_asked_for(samples) -> None:
    assert drift.run_length(drift.threshold(samples, 1.0), 1.0) == pytest.approx(samples, rel=1e-6)
