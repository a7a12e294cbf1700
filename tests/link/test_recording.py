"""A recording says what machine it came from, and can be run again."""

import math
from pathlib import Path

import pytest
from millwright_labs import link
from millwright_labs.errors import LabsError, LinkError, PlantError


@pytest.mark.parametrize("station", link.STATIONS)
def test_every_station_replays_its_recording_exactly(station: str) -> None:
    with link.start(station, seed=7) as plant:
        name, signal = next(iter(plant.inputs.items()))
        high = signal.high if math.isfinite(signal.high) else 1.0
        plant.wait(5 * plant.dt)
        plant.write(**{name: 0.3 * high})
        plant.wait(5 * plant.dt)
        plant.fault(**{next(iter(plant.described.faults)): 0.4})
        plant.wait(10 * plant.dt)
    assert len(plant.recording) == 21
    assert plant.recording.gaps() == []
    assert plant.recording.differs() == ""


@pytest.mark.parametrize("station", link.STATIONS)
def test_a_sample_names_its_tags_in_their_order(station: str) -> None:
    """On the wire they travel by place."""
    machine = link.make_station(link.Made(station, seed=1))
    for sample in (machine.sample(), machine.step()):
        assert list(sample.inputs) == list(machine.inputs)
        assert list(sample.outputs) == list(machine.outputs)


def test_a_saved_recording_comes_back_as_it_was(tmp_path: Path) -> None:
    with link.start("furnace_zone", seed=3) as plant:
        plant.step(Q1=40.0)
        plant.fault(T1_drift=0.5)
        plant.wait(20.0)
    plant.recording.save(tmp_path / "run.csv")
    back = link.Recording.load(tmp_path / "run.csv")
    assert back.table.equals(plant.recording.table)
    assert back.commands == plant.recording.commands
    assert back.differs() == ""


def test_an_invented_measurement_is_found(tmp_path: Path) -> None:
    with link.start("furnace_zone", seed=3) as plant:
        plant.write(Q1=40.0)
        plant.wait(30.0)
    plant.recording.save(tmp_path / "run.csv")
    lines = (tmp_path / "run.csv").read_text().splitlines()
    cells = lines[12].split(",")
    cells[-1] = str(float(cells[-1]) + 1.0)
    lines[12] = ",".join(cells)
    (tmp_path / "run.csv").write_text("\n".join(lines) + "\n")
    assert "T2 at t = 10 s" in link.Recording.load(tmp_path / "run.csv").differs()


def test_plain_values_carry_a_recording() -> None:
    with link.start("furnace_zone", seed=3) as plant:
        plant.step(Q1=40.0)
        plant.fault(T1_dropout=0.5)
        plant.wait(20.0)
    plain = plant.recording.as_plain()
    back = link.verified(plain, "furnace_zone", seed=3)
    assert back.table.equals(plant.recording.table)
    assert back.commands == plant.recording.commands


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda p: None, "not a whole recording"),
        (lambda p: [p], "not a whole recording"),
        (lambda p: {k: v for k, v in p.items() if k != "rows"}, "rows"),
        (lambda p: p | {"station": "blast_furnace"}, "Choose from"),
        (lambda p: p | {"seed": 4}, "Record Made"),
        (lambda p: p | {"dt": 0.5}, "`dt` is not that of furnace_zone"),
        (lambda p: p | {"outputs": ["T1"]}, "`outputs` is not"),
        (lambda p: p | {"rows": p["rows"][:-1]}, "shape"),
        (lambda p: p | {"rows": p["rows"][:, :-1]}, "shape"),
        (lambda p: p | {"rows": p["rows"] + [float("nan"), 0, 0, 0]}, "must be a number"),
        (lambda p: p | {"rows": p["rows"] + [0, 0, 0, 0.5]}, "T2 at t = 0 s"),
        (lambda p: p | {"rows": p["rows"] * [1, 1, 1, 1.01]}, "T2 at t = 0 s"),
        (lambda p: p | {"seq": p["seq"][::-1]}, "out of order"),
        (lambda p: p | {"seq": p["seq"] + 1}, "lacks the samples 0 to 0"),
        (lambda p: p | {"seq": p["seq"][:0], "rows": p["rows"][:0]}, "empty"),
        (lambda p: p | {"commands": [(3, {"rust": 0.1})]}, "heater_wear"),
        (lambda p: p | {"commands": [(3, {"heater_wear": 0.9})]}, "is not what the machine gave"),
        (lambda p: p | {"commands": 7}, "not a whole recording"),
    ],
)
def test_what_is_no_recording_of_this_machine_is_refused(harm, words: str) -> None:  # type: ignore[no-untyped-def]
    with link.start("furnace_zone", seed=3) as plant:
        plant.write(Q1=40.0)
        plant.wait(30.0)
    with pytest.raises(LabsError, match=words):
        link.verified(harm(plant.recording.as_plain()), "furnace_zone", seed=3, longest=60.0)


def test_one_infinity_does_not_excuse_an_invented_rest() -> None:
    with link.start("furnace_zone", seed=3) as plant:
        plant.wait(30.0)
    plain = plant.recording.as_plain()
    plain["rows"][:, -1] += 2.0
    plain["rows"][5, -1] = float("inf")
    with pytest.raises(LinkError, match="T2 at t = 0 s"):
        link.verified(plain, "furnace_zone", seed=3)


def test_a_run_that_is_too_long_is_not_run_again() -> None:
    with link.start("dc_motor") as plant:
        plant.wait(1.0)
    with pytest.raises(LinkError, match=r"longer than 0\.5 s"):
        link.verified(plant.recording.as_plain(), "dc_motor", seed=0, longest=0.5)


@pytest.mark.parametrize("damage", ["", "hello", "# millwright recording: {}", "cut", "shuffled"])
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "run.csv"
    with link.start("dc_motor") as plant:
        plant.wait(0.1)
    plant.recording.save(path)
    text = path.read_text()
    lines = text.splitlines()
    path.write_text(
        {
            "cut": "\n".join(lines[:-1]) + "\n" + lines[-1][:3],
            "shuffled": "\n".join([*lines[:2], *reversed(lines[2:])]),
        }.get(damage, damage)
    )
    with pytest.raises(LinkError, match="recording"):
        link.Recording.load(path)


def test_a_gap_is_named_and_not_replayed() -> None:
    with link.start("dc_motor") as plant:
        plant.wait(0.1)
    whole = plant.recording
    table, seqs = whole._rows, whole._seqs
    del table[4:6], seqs[4:6]
    assert whole.gaps() == [(4, 5)]
    with pytest.raises(LinkError, match="samples 4 to 5"):
        whole.replay()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda plant: plant.write(Q9=1.0), "Q1, Q2"),
        (lambda plant: plant.write(Q1=float("nan")), "finite number in %"),
        (lambda plant: plant.write(Q1="40 %"), "finite number in %"),
        (lambda plant: plant.fault(rust=0.1), "heater_wear"),
        (lambda plant: plant.fault(heater_wear=1.5), "0 \\(sound\\) to 1"),
        (lambda plant: plant.wait(0.0), "at least one sample"),
        (lambda plant: plant.wait(float("inf")), "finite number in s"),
    ],
)
def test_a_wrong_command_changes_nothing(call, words: str) -> None:  # type: ignore[no-untyped-def]
    with link.start("furnace_zone") as plant:
        before = plant.recording.table
        with pytest.raises(PlantError, match=words):
            call(plant)
        assert plant.recording.table.equals(before)


def test_a_closed_link_says_so() -> None:
    plant = link.start("furnace_zone")
    plant.close()
    plant.close()
    with pytest.raises(LinkError, match="closed"):
        plant.step(Q1=1.0)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"station": "blast_furnace"}, "furnace_zone"),
        ({"station": "dc_motor", "case": "rusty"}, "no case"),
        ({"station": "dc_motor", "seed": -1}, "whole number"),
    ],
)
def test_a_machine_that_does_not_exist_is_refused(given: dict, words: str) -> None:
    with pytest.raises(LinkError, match=words):
        link.start(**given)
