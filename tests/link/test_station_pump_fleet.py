"""Four pumps watched once a flight: what the readings tell, and what a change does."""

import math

import numpy as np
import pandas as pd
import pytest
from millwright_labs.errors import SignalError
from millwright_labs.link import InProcessLink, Made
from millwright_labs.link.stations.pump_fleet import FLIGHT, PUMPS, PumpFleet


def fleet(seed: int = 3) -> InProcessLink:
    return InProcessLink(Made("pump_fleet", seed))


def flown(plant: InProcessLink, flights: int) -> pd.DataFrame:
    plant.write(fly=1)
    plant.wait(flights * FLIGHT)
    return plant.recording.table.query("fly >= 0.5")


def referred(table: pd.DataFrame, k: int) -> np.ndarray:
    """Pressure (kPa) at reference speed and fuel temperature."""
    share = (table[f"w_{k}"] / 377.0) ** 2 * (1 - 0.002 * (table["T_fuel"] - 15.0))
    return (table[f"p_{k}"] / share).to_numpy()


def test_raw_pressure_hides_what_referred_pressure_shows() -> None:
    table = flown(fleet(), 60)
    raw, pure = table["p_1"].to_numpy(), referred(table, 1)
    assert np.diff(raw).std() > 4.0 * np.diff(pure).std()
    assert pure[-5:].mean() < 0.95 * pure[:5].mean()


def test_damage_one_is_a_quarter_of_the_pressure() -> None:
    station = PumpFleet(Made("pump_fleet", 5))
    station.write(fly=1)
    start = station.damage[0]
    while station.damage[0] < 1.0:
        sample = station.step()
    outputs = {name: np.array([value]) for name, value in sample.outputs.items()}
    new = 690.0 * station.pumps[0].own
    assert referred(pd.DataFrame(outputs), 1)[0] / new == pytest.approx(0.75, abs=0.03)
    life = math.log(1.0 / start) / station.pumps[0].growth
    assert sample.outputs["age_1"] == pytest.approx(life, rel=0.5)
    assert sample.outputs["over"] >= sum(d > 1.0 for d in station.damage) > 0


def test_bearing_warms_with_damage_and_a_night_wears_nothing() -> None:
    plant = fleet()
    early = flown(plant, 15)
    plant.write(fly=0)
    night = plant.wait(20 * FLIGHT)
    assert night["age_1"].iloc[-1] == early["age_1"].iloc[-1] == 15
    assert night["w_1"].abs().max() < 3.0
    late = flown(plant, 60)
    rise = [(part["T_1"] - part["T_fuel"]).mean() for part in (early, late.iloc[-15:])]
    assert rise[1] > rise[0] + 2.0


def test_a_change_needs_the_ground_and_tells_what_came_out() -> None:
    plant = fleet()
    flown(plant, 40)
    plant.write(change_2=1)
    plant.step()
    assert plant.read()["changes"] == 0, "nobody changes a pump in flight"
    plant.write(fly=0)
    plant.step()
    plant.step()
    read = plant.read()
    assert (read["changes"], read["age_2"], read["age_1"]) == (1, 0, 41)
    assert 0.1 < read["found_2"] <= 1.0
    assert read["found_1"] == 0.0


def test_dirty_fuel_wears_three_times_as_fast() -> None:
    clean, dirty = PumpFleet(Made("pump_fleet", 8)), PumpFleet(Made("pump_fleet", 8))
    dirty.fault(dirty_fuel=1.0)
    for station in (clean, dirty):
        station.write(fly=1)
        for _ in range(15):
            station.step()
    new = [pump.damage for pump in clean.pumps]
    for k in range(PUMPS):
        ratio = math.log(dirty.damage[k] / new[k]) / math.log(clean.damage[k] / new[k])
        assert ratio == pytest.approx(3.0, rel=1e-6)


def test_every_fleet_is_another_one_and_repeats_itself() -> None:
    assert len({PumpFleet(Made("pump_fleet", s)).pumps[0].growth for s in range(100)}) == 100
    plant = fleet(7)
    flown(plant, 30)
    plant.write(fly=0, change_1=1, change_4=1)
    plant.step()
    plant.write(change_1=0, change_4=0)
    plant.fault(p_2_dropout=0.1)
    flown(plant, 30)
    assert plant.recording.differs() == ""
    assert plant.recording.table["p_2"].isna().any()


def test_the_panel_refuses_what_it_does_not_know() -> None:
    plant = fleet()
    with pytest.raises(SignalError, match="Choose from"):
        plant.write(change_5=1)
    assert plant.read()["flights"] == 0


def test_readings_come_in_the_order_of_the_tags() -> None:
    station = PumpFleet(Made("pump_fleet", 1))
    assert list(station.sample().outputs) == list(station.outputs)
