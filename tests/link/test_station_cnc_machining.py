"""The milling station: it makes parts, its tools wear, and its signals tell of it."""

import numpy as np
import pandas as pd
import pytest
from millwright_labs import link
from millwright_labs.errors import FaultError
from millwright_labs.link import PlantLink
from millwright_labs.link.stations.cnc_machining import FINISHING, POWER_LIMIT, VB_LIMIT, wear_of

MAKE, MEASURE, CHANGE = 1.0, 2.0, 3.0


def order(plant: PlantLink, what: float, seconds: float) -> pd.DataFrame:
    plant.write(order=what)
    plant.wait(1.0)
    plant.write(order=0)
    return plant.wait(seconds - 1.0)


def parts(plant: PlantLink, count: int) -> None:
    for _ in range(count):
        order(plant, MAKE, 36.0)


def test_an_order_makes_one_part_and_no_more() -> None:
    plant = link.start("cnc_machining", seed=2, over="here")
    plant.write(order=MAKE)
    plant.wait(200.0)
    assert plant.read()["part"] == 1.0
    assert plant.read()["phase"] == 0.0
    assert plant.read()["power"] == 0.0


def test_signals_rise_with_the_true_wear_and_a_new_tool_brings_them_down() -> None:
    plant = link.start("cnc_machining", seed=2, over="here")
    parts(plant, 15)
    order(plant, CHANGE, 61.0)
    parts(plant, 2)
    table = plant.recording.table
    wear = pd.Series({part: wear for part, _, wear in wear_of(plant.recording)})
    mean = table[table["phase"] == FINISHING].groupby("part")[["force", "vibration"]].mean()
    assert (wear.loc[:15].diff().dropna() > 0).all()
    assert wear.loc[16] < 0.1
    for signal in mean:
        assert np.corrcoef(mean[signal].loc[:15], wear.loc[:15])[0, 1] > 0.85
        assert mean[signal].loc[17] < mean[signal].loc[15]


def test_the_microscope_tells_the_wear_and_takes_its_time() -> None:
    plant = link.start("cnc_machining", seed=5, over="here")
    parts(plant, 8)
    assert plant.read()["wear_read"] == 0.0
    order(plant, MEASURE, 121.0)
    assert plant.read()["wear_read"] == pytest.approx(wear_of(plant.recording)[-1][2], abs=0.025)


def test_worn_tools_make_rejects_that_are_reported_late_and_break_at_last() -> None:
    plant = link.start("cnc_machining", seed=0, over="here")
    parts(plant, 60)
    table = plant.recording.table
    assert table["alarm"].iloc[-1] == 2.0
    bad = [part for part, _, wear in wear_of(plant.recording) if wear > VB_LIMIT]
    assert table.index[table["rejected"] > 0][0] >= table.index[table["part"] >= bad[0] + 5][0]
    made = plant.read()["part"]
    parts(plant, 1)
    assert plant.read()["part"] == made
    order(plant, CHANGE, 61.0)
    parts(plant, 1)
    assert plant.read()["part"] == made + 1
    assert plant.read()["alarm"] == 0.0


def test_too_deep_a_cut_stops_the_machine() -> None:
    plant = link.start("cnc_machining", seed=1, over="here")
    plant.write(depth=4.0, feed=120.0)
    table = order(plant, MAKE, 36.0)
    assert table["alarm"].iloc[-1] == 1.0
    assert (table["power"] > POWER_LIMIT).sum() <= 2


def test_tools_last_differently() -> None:
    lives = []
    for seed in range(12):
        plant = link.start("cnc_machining", seed=seed, over="here")
        parts(plant, 45)
        lives.append(sum(wear <= VB_LIMIT for _, tool, wear in wear_of(plant.recording)))
    assert 20 <= np.mean(lives) <= 30
    assert max(lives) > 1.5 * min(lives)


def test_faults_act_and_replay() -> None:
    plant = link.start("cnc_machining", seed=3, over="here")
    parts(plant, 1)
    before = plant.recording.table["vibration"].max()
    plant.fault(loose_sensor=1.0, blunt_lot=1.0)
    parts(plant, 1)
    (_, _, first), (_, _, second) = wear_of(plant.recording)
    assert second - first > 1.5 * first
    assert plant.recording.since(80)["vibration"].median() < before
    assert plant.recording.differs() == ""
    with pytest.raises(FaultError, match="blunt_lot"):
        plant.fault(rust=1.0)
