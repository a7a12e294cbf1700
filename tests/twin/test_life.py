"""Remaining life: the interval holds the truth as often as it says, if the law is right."""

import numpy as np
from millwright_labs.twin import life

STEP = 300.0  # s


def estimates(rng, rate, hours, start=0.95, alike=0.9, sd=0.01):
    """Estimates with errors that follow each other, around a line."""
    n = round(hours * 3600 / STEP)
    error = np.zeros(n)
    for k in range(1, n):
        error[k] = alike * error[k - 1] + sd * np.sqrt(1 - alike**2) * rng.standard_normal()
    t = STEP * np.arange(n)
    return t, start + rate * t / 3600 + error


def test_the_interval_holds_the_truth() -> None:
    rng = np.random.default_rng(2)
    inside = told = 0
    for _ in range(300):
        t, power = estimates(rng, -0.008, 20.0)
        found = life.remaining(t, power)
        if found is None or found.hours is None:
            continue
        true = (0.95 - 0.7) / 0.008 - t[-1] / 3600
        told += 1
        inside += found.low <= true <= found.high
    assert told > 250
    assert 0.8 < inside / told <= 0.98


def test_a_sound_heater_has_no_end() -> None:
    rng = np.random.default_rng(3)
    ends = [life.remaining(*estimates(rng, 0.0, 24.0, start=0.9)).hours for _ in range(300)]
    assert sum(hours is not None for hours in ends) <= 0.05 * len(ends)


def test_a_worn_heater_is_at_its_end() -> None:
    found = life.remaining(*estimates(np.random.default_rng(4), -0.02, 20.0, start=0.9))
    assert found.hours == 0.0


def test_a_few_points_say_nothing() -> None:
    assert life.remaining(STEP * np.arange(10), np.linspace(1.0, 0.9, 10)) is None
