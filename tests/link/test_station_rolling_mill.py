"""The rolling mill with its gauge control: what a learner can measure, and what the guard does."""

import math

import numpy as np
import pytest
from millwright_labs.errors import SignalError
from millwright_labs.link import InProcessLink, Made, PlantLink
from millwright_labs.link.stations.rolling_mill import Stand, delivered, rolling


def stand(seed: int = 3) -> InProcessLink:
    return InProcessLink(Made("rolling_mill", seed))


def strip_in(plant: PlantLink, S_ref: float) -> None:
    plant.write(v=10.0)
    plant.wait(5.0)
    plant.write(strip=1, S_ref=S_ref)
    plant.wait(2.0)


@pytest.mark.parametrize("gap", [-3.0, -1.0, -0.2, 0.0, 0.8, 2.0, 3.9, 4.0, 6.0])
@pytest.mark.parametrize("strip", [0.0, 1.0])
def test_force_and_thickness_balance_the_two_springs(gap: float, strip: float) -> None:
    p = Stand()
    F, h = rolling(gap, 4.0, 1.1, strip, p)
    stretch = F / p.M + p.settling * (1.0 - math.exp(-F / p.settling_force))
    assert F >= 0.0
    if strip:
        assert h == pytest.approx(4.0 - F / (p.Q * 1.1))
    if F > 0.0:
        assert (h if strip else 0.0) == pytest.approx(gap + stretch, abs=1e-9)
    else:
        assert h == 4.0 * strip


def test_pressed_rolls_show_a_soft_start_and_both_rolls() -> None:
    plant = stand()
    p = delivered(3)[0]
    plant.write(v=5.0, S_ref=-0.5)
    plant.wait(3.0)
    soft = plant.wait(5.0)["F"].mean()
    plant.write(S_ref=-2.0)
    plant.wait(1.0)
    turning = plant.wait(20.0)
    F, _ = rolling(-2.0, 4.0, 1.0, 0.0, p)
    assert turning["F"].mean() == pytest.approx(F, abs=0.06)
    assert soft < 0.6 * p.M * 0.5, "the stand is soft until its bearings have settled"
    ripple = turning["F"].std() * math.sqrt(2.0) / p.M
    assert ripple == pytest.approx(math.hypot(p.e_top, p.e_bottom), rel=0.15)


def test_the_gauge_is_late_by_the_way_to_it() -> None:
    plant = stand()
    strip_in(plant, 1.2)
    plant.wait(2.0)
    before = len(plant.recording)
    plant.write(S_ref=0.9)
    plant.wait(1.0)
    table = plant.recording.since(before)
    F, h = table["F"].to_numpy(), table["h_gauge"].to_numpy()
    force = int(np.argmax(F - F[0] > 0.5))
    thickness = int(np.argmax(h - h[0] < -0.06))
    assert (thickness - force) * plant.dt == pytest.approx(0.2, abs=0.05)


def test_gaugemeter_helps_against_hard_strip_and_harms_with_a_round_roll() -> None:
    spread = {}
    for C in (0.0, 0.9):
        for e_amp in (0.0, delivered(3)[0].e_top):
            plant = stand()
            p = delivered(3)[0]
            strip_in(plant, 1.2)
            plant.write(C=C, M_hat=p.M, K_i=0.8, e_amp=e_amp, e_phase=p.phase_top, agc=1)
            plant.write(h_ref=float(plant.wait(1.0)["h_gauge"].mean()))
            h = plant.wait(12.0)["h_gauge"].iloc[300:].to_numpy()
            turn = np.exp(-1j * plant.recording.since(len(plant.recording) - 900)["angle"])
            spread[C, e_amp > 0] = (h.std(), abs(np.mean((h - h.mean()) * turn.to_numpy())))
    assert spread[0.9, True][0] < 0.6 * spread[0.0, True][0]
    assert spread[0.9, False][1] > 1.7 * spread[0.0, False][1]
    assert spread[0.9, True][1] < 0.4 * spread[0.9, False][1]


@pytest.mark.parametrize(
    ("panel", "faults"),
    [
        ({"S_ref": -6.0, "strip": 0}, {}),
        ({"agc": 1, "C": 1.0, "M_hat": 2.0}, {}),
        ({}, {"strip_break": 1.0}),
    ],
    ids=["pressed too far", "gaugemeter runs away", "strip breaks"],
)
def test_guard_opens_the_rolls_and_waits_to_be_reset(panel: dict, faults: dict) -> None:
    plant = stand()
    strip_in(plant, 1.2)
    plant.write(**panel)
    plant.fault(**faults)
    plant.wait(4.0)
    assert plant.read()["tripped"] == 1.0
    plant.fault(**dict.fromkeys(faults, 0.0))
    plant.write(agc=0, C=0.0)
    plant.wait(1.0)
    assert plant.read()["S"] > 8.0, "open, and held open"
    plant.write(strip=0, S_ref=8.0)
    plant.wait(1.0)
    assert plant.read()["tripped"] == 0.0


def test_every_stand_is_another_one_and_repeats_itself() -> None:
    assert len({delivered(seed)[0].M for seed in range(100)}) == 100
    plant = stand(7)
    strip_in(plant, 1.2)
    plant.write(agc=1, C=0.8, M_hat=4.5, K_i=1.0, e_amp=0.03, e_phase=1.0)
    plant.fault(F_bias=0.5, F_dropout=0.1)
    plant.wait(3.0)
    assert plant.recording.differs() == ""
    table = plant.recording.table
    assert table["F"].isna().any()
    assert not table["S"].isna().any()


def test_the_panel_refuses_what_it_does_not_know_and_clips_the_rest() -> None:
    plant = stand()
    with pytest.raises(SignalError, match="Choose from"):
        plant._station.write(hardness=1.2)
    with pytest.raises(SignalError, match="must be a number in MN/mm"):
        plant._station.write(C=0.5, M_hat="five")
    assert plant._station.applied()["C"] == 0.0, "nothing of a refused command is taken"
    plant.write(S_ref=99.0, v=-3.0)
    plant.wait(0.1)
    last = plant.recording.table.iloc[-1]
    assert (last["S_ref"], last["v"]) == (10.0, 0.5)
