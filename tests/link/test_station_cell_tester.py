"""The cell on its tester: what can be measured, what cannot be read, where it stops."""

import numpy as np
import pandas as pd
import pytest
from millwright_labs.errors import FaultError, SignalError
from millwright_labs.link import InProcessLink, Made
from millwright_labs.link.stations.cell_tester import DONE, HOT, LOW, drive_cycle, true_soc, unit


def bench(seed: int = 3) -> InProcessLink:
    return InProcessLink(Made("cell_tester", seed))


def until_done(plant: InProcessLink, **settings: float) -> pd.DataFrame:
    before = len(plant.recording)
    plant.write(**settings)
    while plant.wait(60.0)["state"].iloc[-1] != DONE:
        assert len(plant.recording) - before < 50_000
    return plant.recording.since(before)


def rested(plant: InProcessLink, seconds: float = 1200.0) -> float:
    plant.write(mode=0)
    return float(plant.wait(seconds)["V"].iloc[-60:].mean())


@pytest.mark.parametrize("seed", [0, 9])
def test_the_charge_between_full_and_empty_is_the_capacity(seed: int) -> None:
    plant = bench(seed)
    until_done(plant, mode=2, current=1.0)
    rested(plant)
    table = until_done(plant, mode=1, current=1.0, v_low=2.8)
    cell = unit(seed)
    on = table[table["state"] == 1]
    true = ((on["I"] - cell.offset) / cell.scale).sum() / 3600.0
    assert true == pytest.approx(cell.capacity, rel=0.05)
    assert true < cell.capacity, "a full discharge at 1 A leaves a little in the cell"


def test_a_cell_at_rest_shows_the_offset_of_its_ammeter_and_comes_half_full() -> None:
    plant = bench()
    table = plant.wait(300.0)
    assert table["I"].mean() == pytest.approx(unit(3).offset, abs=0.001)
    assert 0.3 < true_soc(plant.recording)[-1] < 0.7


def test_a_pulse_shows_a_jump_and_a_slow_part_that_grow_with_age_and_in_the_cold() -> None:
    jump = {}
    for seed, T_room in ((0, 25.0), (9, 25.0), (0, 5.0)):
        plant = bench(seed)
        plant.write(T_room=T_room)
        before = rested(plant, 3000.0)
        plant.write(mode=1, current=2.0)
        pulse = plant.wait(60.0)["V"]
        jump[seed, T_room] = (before - pulse.iloc[0]) / 2.0
        assert before - pulse.iloc[-1] > 1.3 * (before - pulse.iloc[0])
    assert unit(9).growth > unit(0).growth + 0.3
    assert jump[9, 25.0] > 1.2 * jump[0, 25.0]
    assert jump[0, 5.0] > 1.3 * jump[0, 25.0]


def test_the_voltage_at_rest_remembers_which_way_the_current_went() -> None:
    plant = bench()
    plant.write(mode=1, current=1.0)
    plant.wait(600.0)
    discharged = rested(plant, 3600.0)
    plant.write(mode=1)
    plant.wait(300.0)
    plant.write(mode=2)
    plant.wait(300.0)
    charged = rested(plant, 3600.0)
    soc = true_soc(plant.recording)
    assert soc[-1] == pytest.approx(soc[4000], abs=1e-6)
    assert charged - discharged > 0.006


def test_charging_ends_at_full_and_the_drive_cycle_at_its_voltage() -> None:
    plant = bench()
    table = until_done(plant, mode=2, current=2.0)
    assert set(table["state"].unique()) == {2.0, 3.0, DONE}
    assert table["V"].max() < 4.12
    plant.write(mode=0)
    plant.step()
    driven = until_done(plant, mode=3, v_low=3.3)
    assert driven["V"].iloc[:-60].min() > 3.0
    assert driven["alarm"].max() == 0.0
    assert driven["I"].min() < -0.3, "braking charges"


def test_counting_charge_runs_away_with_the_offset() -> None:
    plant = bench()
    plant.write(mode=3)
    table = plant.wait(3600.0)
    soc, cell = true_soc(plant.recording), unit(3)
    counted = soc[0] - np.cumsum(table["I"]) / 3600.0 / cell.capacity
    off = counted.iloc[-1] - soc[-1]
    assert off == pytest.approx(-cell.offset / cell.capacity, rel=0.2)


def test_the_guard_opens_the_contactor_and_rest_acknowledges() -> None:
    plant = bench()
    until_done(plant, mode=1, current=4.0, v_low=2.0)
    assert plant.read()["alarm"] == LOW
    plant.write(mode=0)
    plant.wait(600.0)
    assert plant.read()["alarm"] == 0.0
    hot = bench(9)
    hot.fault(cooling_loss=1.0)
    hot.write(T_room=45.0)
    hot.wait(1200.0)
    hot.write(mode=2, current=4.0)
    hot.wait(900.0)
    hot.write(mode=1)
    hot.wait(900.0)
    assert hot.recording.table["alarm"].max() == HOT


def test_bad_commands_leave_the_tester_alone() -> None:
    plant = bench()
    with pytest.raises(FaultError):
        plant.fault(explosion=1.0)
    with pytest.raises(SignalError):
        plant.write(amps=1.0)
    plant.write(current=40.0)
    plant.step()
    assert plant.recording.table["current"].iloc[-1] == 4.0


def test_seeds_differ_and_a_recording_is_proved_by_its_replay() -> None:
    assert drive_cycle(3) != drive_cycle(4)
    assert unit(3) != unit(4)
    plant = bench()
    plant.write(mode=3)
    plant.wait(600.0)
    assert plant.recording.differs() == ""
