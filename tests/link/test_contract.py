"""What `PlantLink` promises holds whatever lies between: nothing, OPC UA or MQTT."""

from collections.abc import Iterator

import numpy as np
import pytest
from millwright_labs import link
from millwright_labs.errors import LinkError, PlantError

WAYS = ["here", "opcua", "mqtt"]


@pytest.fixture(scope="module", params=WAYS)
def plant(request: pytest.FixtureRequest) -> Iterator[link.PlantLink]:
    """A furnace; where it lives by itself, a minute passes in half a second."""
    with link.start("furnace_zone", seed=4, over=request.param, speed=120.0) as started:
        yield started


def test_it_says_what_it_is(plant: link.PlantLink) -> None:
    assert plant.described.made == link.Made("furnace_zone", 4)
    assert plant.dt == 1.0
    assert plant.units["T1"] == "°C"
    assert (plant.inputs["Q1"].low, plant.inputs["Q1"].high) == (0.0, 100.0)
    assert list(plant.outputs) == ["T1", "T2"]
    assert "heater_wear" in plant.described.faults


def test_every_sample_from_the_first_on_is_recorded_once(plant: link.PlantLink) -> None:
    table = plant.wait(30.0)
    assert len(table) >= 30
    times = plant.recording.table.index.to_numpy()
    assert times[0] == 0.0
    assert np.array_equal(np.diff(times), np.ones(len(times) - 1))


def test_what_is_read_is_never_older_than_before(plant: link.PlantLink) -> None:
    seen = []
    for _ in range(5):
        plant.wait(1.0)
        seen.append(plant.t)
        assert set(plant.read()) == {"T1", "T2"}
    assert seen == sorted(set(seen))
    assert plant.recording.table.index[-1] >= seen[-1]


def test_a_command_is_in_every_sample_after_it_and_clipped(plant: link.PlantLink) -> None:
    plant.write(Q1=40.0, Q2=250.0)
    table = plant.wait(10.0)
    assert (table["Q1"] == 40.0).all()
    assert (table["Q2"] == 100.0).all()
    plant.write(Q2=0.0)
    table = plant.wait(5.0)
    assert (table["Q1"] == 40.0).all()
    assert (table["Q2"] == 0.0).all()


def test_a_step_writes_waits_and_reads(plant: link.PlantLink) -> None:
    before = plant.t
    measured = plant.step(Q1=30.0)
    assert plant.t > before
    assert set(measured) == {"T1", "T2"}
    assert plant.recording.table["Q1"].iloc[-1] == 30.0


def test_a_lost_measurement_is_nan(plant: link.PlantLink) -> None:
    plant.fault(T2_dropout=1.0)
    table = plant.wait(5.0)
    assert table["T2"].isna().all()
    assert table["T1"].notna().all()
    plant.fault(T2_dropout=0.0)
    assert plant.wait(5.0)["T2"].notna().all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda plant: plant.write(Q9=1.0), "Q1, Q2"),
        (lambda plant: plant.write(Q1=float("nan")), "finite number in %"),
        (lambda plant: plant.write(Q1=20.0, Q2="full"), "finite number in %"),
        (lambda plant: plant.fault(rust=0.1), "heater_wear"),
        (lambda plant: plant.fault(heater_wear=1.5), "0 \\(sound\\) to 1"),
        (lambda plant: plant.wait(-1.0), "at least one sample"),
    ],
)
def test_a_wrong_command_changes_nothing(plant, call, words: str) -> None:  # type: ignore[no-untyped-def]
    inputs, commands = plant.recording.table.iloc[-1][["Q1", "Q2"]], len(plant.recording.commands)
    with pytest.raises(PlantError, match=words):
        call(plant)
    plant.wait(2.0)
    assert plant.recording.table.iloc[-1][["Q1", "Q2"]].equals(inputs)
    assert len(plant.recording.commands) == commands


def test_the_recording_can_be_run_again(plant: link.PlantLink) -> None:
    plant.fault(heater_wear=0.5)
    plant.wait(5.0)
    assert plant.recording.gaps() == []
    assert plant.recording.commands[-1][1] == {"heater_wear": 0.5}
    assert plant.recording.differs() == ""


def test_a_closed_link_keeps_its_recording(plant: link.PlantLink) -> None:
    plant.close()
    plant.close()
    kept = len(plant.recording)
    for call in (lambda: plant.wait(1.0), lambda: plant.write(Q1=1.0), lambda: plant.step(Q1=1.0)):
        with pytest.raises(LinkError, match="closed"):
            call()
    assert len(plant.recording) == kept > 60
