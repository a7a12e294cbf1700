"""The airliner on its flight test: what a learner can measure, and what the guard does."""

import math

import numpy as np
import pytest
from millwright_labs.errors import SignalError
from millwright_labs.link import InProcessLink, Made
from millwright_labs.link.stations.flight_test import (
    ALPHA_LIMIT,
    DT,
    GUST_TIME,
    MODEL,
    TURBULENT,
    Loading,
    Turbulence,
    loaded,
)
from millwright_labs.plants import aircraft_pitch
from millwright_labs.plants.plant import Plant

GAINS = {"K_theta": 2.5, "K_q": 1.8, "K_i": 0.6}


def aircraft(seed: int = 3) -> InProcessLink:
    return InProcessLink(Made("flight_test", seed))


def test_its_short_period_is_the_textbooks() -> None:
    P, textbook = Plant(MODEL, Loading()), aircraft_pitch()
    mine = np.linalg.eigvals(P.linearize(P.x0, P.u0).A[:2, :2])
    theirs = np.linalg.eigvals(textbook.linearize(textbook.x0, textbook.u0).A[:2, :2])
    assert np.sort_complex(mine) == pytest.approx(np.sort_complex(theirs), abs=0.01)


def test_gusts_have_the_size_and_the_colour_of_the_dryden_form() -> None:
    gusts = Turbulence(1, GUST_TIME, DT)
    g = np.array([gusts.next() for _ in range(200_000)])
    assert g.std() == pytest.approx(1.0, rel=0.08)
    # Correlation of the vertical Dryden form: exp(-s) (1 - s/2), s in scale times.
    for s in (0.25, 0.5, 1.0):
        k = round(s * GUST_TIME / DT)
        assert np.mean(g[k:] * g[:-k]) == pytest.approx(math.exp(-s) * (1 - s / 2), abs=0.1)


def test_the_elevator_is_late_and_rate_limited() -> None:
    plant = aircraft()
    plant.write(test_input=8.0)
    table = plant.wait(1.0)
    delta = table["delta"].to_numpy()
    assert np.diff(delta).max() <= 20.0 * DT + 0.15, "the sensor's noise on top of the limit"
    reached = DT * int(np.argmax(delta > 4.0))
    assert 0.2 + 2 * DT <= reached <= 0.45
    assert table["command"].iloc[0] == 8.0


def test_the_vane_shows_the_air_and_the_rough_block_is_rough() -> None:
    plant = aircraft()
    plant.write(**GAINS, law=1)
    calm = plant.wait(20.0)["alpha"].std()
    plant.write(turbulent=1)
    plant.wait(10.0)
    rough = plant.wait(120.0)["alpha"].std()
    assert calm < 0.12
    assert 0.5 * TURBULENT < rough < 2.5 * TURBULENT


def test_moved_fuel_needs_the_integral() -> None:
    off = {}
    for K_i in (0.0, 0.6):
        plant = aircraft()
        plant.write(**{**GAINS, "K_i": K_i}, law=1)
        plant.wait(90.0)
        off[K_i] = abs(plant.wait(5.0)["theta"].mean())
    assert off[0.0] > 0.15
    assert off[0.6] < 0.05


def test_the_law_holds_a_step_and_swings_without_rate() -> None:
    most = {}
    for K_q in (0.0, 1.8):
        plant = aircraft()
        plant.write(**{**GAINS, "K_q": K_q}, law=1, theta_ref=3.0)
        most[K_q] = plant.wait(10.0)["theta"].max()
    assert most[1.8] < 3.6
    assert most[0.0] > 3.9


@pytest.mark.parametrize("test_input", [8.0, -8.0])
def test_the_guard_takes_over_levels_the_aircraft_and_gives_it_back(test_input: float) -> None:
    plant = aircraft()
    plant.write(test_input=test_input)
    table = plant.wait(6.0)
    assert table["aborted"].iloc[-1] == 1.0
    assert table["alpha"].abs().max() < 1.5 * ALPHA_LIMIT
    plant.wait(20.0)
    still = plant.read()
    assert still["aborted"] == 1.0, "as long as somebody pulls"
    assert abs(still["theta"]) < 2.0
    plant.write(test_input=0.0)
    plant.wait(5.0)
    assert plant.read()["aborted"] == 0.0


def test_cargo_too_far_aft_makes_the_same_input_larger() -> None:
    swing = {}
    for aft in (0.0, 0.7):
        plant = aircraft()
        plant.fault(aft_load=aft)
        plant.write(test_input=1.0)
        swing[aft] = plant.wait(4.0)["alpha"].max()
    assert swing[0.7] > 1.3 * swing[0.0]


def test_every_loading_is_another_one_and_repeats_itself() -> None:
    assert len({loaded(seed)[0].M_alpha for seed in range(100)}) == 100
    assert {loaded(seed)[1] for seed in range(30)} == {2, 3, 4}
    plant = aircraft(7)
    plant.write(**GAINS, law=1, theta_ref=2.0, turbulent=1)
    plant.fault(theta_dropout=0.05, tail_ice=0.5)
    plant.wait(5.0)
    assert plant.recording.differs() == ""
    assert plant.recording.table["theta"].isna().any()


def test_the_panel_refuses_what_it_does_not_know_and_clips_the_rest() -> None:
    plant = aircraft()
    with pytest.raises(SignalError, match="Choose from"):
        plant.write(gust=1.0)
    with pytest.raises(SignalError, match="number"):
        plant.write(K_q="much")
    plant.write(theta_ref=99.0, K_theta=-1.0)
    plant.wait(0.1)
    last = plant.recording.table.iloc[-1]
    assert (last["theta_ref"], last["K_theta"]) == (5.0, 0.0)
