"""Calibration finds what is there, and refuses what would do harm.

Machine and model share their equations here: this is where the inverse crime is the test.
"""

from dataclasses import replace

import numpy as np
import pytest
from millwright_labs.twin import COMMISSION, RECALIBRATE, Box, Window
from millwright_labs.twin.calibration import calibrate, information
from millwright_labs.twin.model import follow


def window(box: Box, seed: int = 1, n: int = 3600, period: int = 600, noise: float = 0.06):
    """Record a box whose heater pulses in one half of each period and rests in the other."""
    k = np.arange(n)
    heater = ((k % period < period / 2) & (k % 14 < 10)).astype(float)
    room = 21 + np.sin(2 * np.pi * k / 2400)
    T = follow(21.0, 21.0, heater, room, 3.0, box.numbers())[:, 1]
    T = T + noise * np.random.default_rng(seed).standard_normal(n)
    T[k % 50 == 7] = np.nan
    return Window(heater, room, T, 3.0)


def test_a_new_box_is_found() -> None:
    true = Box(C_air=300.0, G_box=0.7, C_heater=300.0, G_heater=1.9)
    outcome = calibrate(Box(), window(true), COMMISSION)
    assert outcome.accepted
    assert outcome.rmse_after < 0.07 < outcome.rmse_before
    assert outcome.box.G_box == pytest.approx(0.7, rel=0.01)
    assert outcome.box.C_heater + outcome.box.C_air == pytest.approx(600, rel=0.05)
    assert outcome.box.C_heater == pytest.approx(300, rel=0.1)


@pytest.mark.parametrize(
    "change", [{"power": 0.75}, {"G_heater": 1.2}, {"G_box": 0.75}, {"power": 0.8, "G_box": 0.7}]
)
def test_what_changed_is_found(change) -> None:
    true = replace(Box(), **change)
    believed = Box(power=true.power * 1.04, G_box=true.G_box * 0.97)
    outcome = calibrate(Box(), window(true), RECALIBRATE, believed=believed)
    assert outcome.accepted
    for name in RECALIBRATE.names:
        assert getattr(outcome.box, name) == pytest.approx(getattr(true, name), rel=0.04)


def test_a_sound_box_hardly_changes() -> None:
    outcome = calibrate(Box(), window(Box()), RECALIBRATE)
    for name in RECALIBRATE.names:
        assert getattr(outcome.box, name) == pytest.approx(getattr(Box(), name), rel=0.02)


def test_a_record_without_heat_says_nothing_of_the_heater() -> None:
    record = window(replace(Box(), power=0.6))
    cold = Window(np.zeros(3600), record.room, record.T, 3.0)
    outcome = calibrate(Box(), cold, RECALIBRATE)
    assert not outcome.accepted
    assert outcome.reason == "not-excited"
    assert "power" in outcome.about
    assert outcome.box == Box()


def test_a_short_record_is_refused() -> None:
    outcome = calibrate(Box(), window(Box(), n=250), RECALIBRATE)
    assert (outcome.accepted, outcome.reason) == (False, "short")


def test_an_open_lid_is_no_ageing() -> None:
    true = replace(Box(), G_box=8.0)
    outcome = calibrate(Box(), window(true), RECALIBRATE, believed=replace(Box(), G_box=7.5))
    assert not outcome.accepted
    assert outcome.reason == "bounds"
    assert "G_box" in outcome.about


def test_a_fit_that_predicts_worse_is_rolled_back() -> None:
    """The heater was weak while the record was fitted, and is sound again in what judges it."""
    weak, sound = window(replace(Box(), power=0.7)), window(Box())
    T = np.where(np.arange(3600) < 2100, weak.T, sound.T)
    outcome = calibrate(Box(), Window(sound.heater, sound.room, T, 3.0), RECALIBRATE)
    assert not outcome.accepted
    assert outcome.reason == "worse"
    assert outcome.box == Box()
    assert outcome.rmse_after > outcome.rmse_before


def test_the_stated_information_is_that_of_the_least_squares() -> None:
    """Against the spread of plain fits over many records with the stated noise."""
    from millwright_labs.twin import calibration
    from scipy import optimize

    box, names = Box(), ("power", "G_box")
    clean = window(box, noise=0.0, n=1800)
    there = ~np.isnan(clean.T)
    rng = np.random.default_rng(5)
    found = []
    for _ in range(40):
        T = clean.T + calibration.WEIGHT * rng.standard_normal(len(clean))
        noisy = Window(clean.heater, clean.room, T, 3.0)

        def errors(theta, noisy=noisy):
            p = replace(box, power=theta[0], G_box=box.G_box * theta[1]).numbers()
            states = follow(theta[2], theta[3], noisy.heater, noisy.room, 3.0, p)
            return (states[:, 1] - noisy.T)[there]

        found.append(optimize.least_squares(errors, [1.0, 1.0, 21.0, 21.0]).x[:2])
    spread = np.std(found, axis=0)
    assert list(information(box, clean, names).values()) == pytest.approx(spread, rel=0.35)
