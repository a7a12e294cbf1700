"""A twin beside a machine whose physics are richer than its own."""

import copy
import math
import re

import numpy as np
import pytest
from incubator_days import COMMISSIONED, DT, day, described, followed
from millwright_labs import link
from millwright_labs.errors import SignalError, TwinError
from millwright_labs.twin import RULES, State, Twin, score, words
from millwright_labs.twin.advice import TESTS
from millwright_labs.twin.history import COLUMNS, History

START = COMMISSIONED * DT  # s, when commissioning ends


def kinds(twin: Twin, kind: str) -> list:
    return [event for event in twin.events if event.kind == kind]


def told(twin: Twin) -> list[str]:
    return [advice.name for advice in twin.report().advice]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_on_a_sound_machine_nothing_is_wrong(seed) -> None:
    twin = followed(seed, 24.0)
    (commissioned,) = kinds(twin, "calibration")
    assert commissioned.outcome.accepted
    assert kinds(twin, "anomaly") == []
    assert twin.state is State.LISTENING
    assert told(twin) == []
    f = twin.report().figures
    assert f["nrmse_one_step"] < f["nrmse_free"] < 0.05
    assert abs(f["power"] - 1) < 2 * f["power_sd"] + 0.03
    assert 1.0 < f["nis"] < 3.0
    assert math.isnan(f["life"])


@pytest.mark.parametrize("severity", [0.05, 0.2, 1.0])
@pytest.mark.parametrize("seed", [5, 6])
def test_an_open_lid_is_noticed_within_a_minute(seed, severity) -> None:
    opened = START + 2 * 3600
    twin = followed(seed, 2.5, {"lid_open": (severity, 2.0, 2.5)})
    found = score(twin.events, [(opened, math.inf)])
    assert found.delays[opened] <= 60
    assert found.false_alarms == 0
    f = twin.report().figures
    assert f["loss"] > 1.5
    assert told(twin)[0] in ("lid", "gap")
    if severity == 1.0:
        assert told(twin)[0] == "lid"


def test_a_closed_lid_leaves_the_model_as_it_was() -> None:
    twin = followed(5, 8.0, {"lid_open": (1.0, 2.0, 3.0)})
    (first, *others) = kinds(twin, "calibration")
    assert others
    assert not any(event.outcome.accepted for event in others)
    assert {event.outcome.reason for event in others} <= {"bounds", "worse", "not-excited"}
    assert twin.box == first.outcome.box
    assert twin.state is State.LISTENING
    assert twin.report().figures["loss"] == pytest.approx(1.0, abs=0.15)
    assert told(twin) == []


def test_a_weak_heater_is_calibrated_in() -> None:
    twin = followed(101, 12.0, {"heater_wear": (0.3, 4.0, 12.0)})
    outcome = kinds(twin, "calibration")[-1].outcome
    assert outcome.accepted
    assert outcome.rmse_after < outcome.rmse_before / 3
    f = twin.report().figures
    assert f["power"] == pytest.approx(0.7, abs=0.1)
    assert f["nrmse_free"] < 0.05
    assert "heater-worn" in told(twin)


def test_an_ageing_heater_gets_an_end() -> None:
    """1 % an hour from hour 1 on: 70 % after 30 hours."""
    twin = followed(105, 14.0, {"heater_ageing": (0.1, 1.0, 14.0)})
    left = twin.remaining_life()
    assert left.low < 30 - 13 < left.high
    assert "heater-life" in told(twin)


@pytest.mark.parametrize("which", [1, 2])
def test_a_drifting_thermometer_is_found_and_not_believed(which) -> None:
    twin = followed(7, 8.0, {f"T_{which}_drift": (0.4, 1.0, 8.0)})
    assert [event.cause for event in kinds(twin, "anomaly")] == ["thermometers"]
    assert kinds(twin, "suspect")
    assert told(twin) == [f"thermometer-{which}"]
    rows = twin.history.last(400)
    sound = rows[:, COLUMNS.index(f"T_{3 - which}")]
    assert np.nanmean(rows[:, COLUMNS.index("T_air")] - sound) == pytest.approx(0, abs=0.3)


def test_a_tired_fan_is_known_by_the_noise() -> None:
    assert "fan" in told(followed(8, 6.0, {"fan_wear": (0.6, 2.0, 6.0)}))


def test_lost_readings_raise_no_alarm() -> None:
    twin = followed(9, 8.0, {"dropout": (0.6, 1.0, 8.0)})
    assert kinds(twin, "anomaly") == []
    f = twin.report().figures
    assert f["missing"] == pytest.approx(0.6, abs=0.05)
    assert f["nrmse_one_step"] < 0.02
    assert told(twin) == ["lost"]


def test_blocks_of_any_size_give_the_same_twin() -> None:
    table = day(10, 3.0, {"lid_open": (0.2, 1.0, 1.5)})
    whole, pieces = Twin(described(10)), Twin(described(10))
    whole.take(table)
    rng = np.random.default_rng(0)
    k = 0
    while k < len(table):
        n = int(rng.choice([1, 7, 99, 100, 101, 350]))
        pieces.take(table.iloc[k : k + n])
        k += n
    assert [(e.t, e.kind, e.cause) for e in pieces.events] == [
        (e.t, e.kind, e.cause) for e in whole.events
    ]
    assert np.allclose(pieces.history.last(4000), whole.history.last(4000), equal_nan=True)
    assert pieces.report().figures == pytest.approx(whole.report().figures, nan_ok=True)


def test_missing_samples_are_bridged_and_counted() -> None:
    table = day(11, 3.0)
    twin = Twin(described(11))
    twin.take(table.drop(table.index[4000:4040]).drop(table.index[4500:4501]))
    assert twin.gaps == 41
    assert kinds(twin, "gap")
    assert kinds(twin, "anomaly") == []
    assert twin.t == table.index[-1]
    assert twin.history.count == len(table) - 1


def test_after_a_long_break_the_twin_looks_anew() -> None:
    table = day(11, 6.0)
    twin = Twin(described(11))
    twin.take(table.drop(table.index[4000:6500]))
    assert twin.t == table.index[-1]
    assert kinds(twin, "anomaly") == []
    assert twin.history.count < len(table) - 2000


def test_a_machine_that_was_started_anew_is_recognised() -> None:
    twin = Twin(described(12))
    twin.take(day(12, 1.0))
    box = twin.box
    twin.take(day(12, 1.0).iloc[:1200])
    assert len(kinds(twin, "restart")) == 1
    assert twin.box is box
    assert twin.t == 1199 * DT
    assert kinds(twin, "anomaly") == []


def test_another_machine_is_refused() -> None:
    with pytest.raises(TwinError, match="furnace_zone"):
        Twin(described(0, "furnace_zone"))
    twin = Twin(described(1))
    with (
        link.start("incubator_live", seed=2, over="here") as other,
        pytest.raises(TwinError, match="unit 2"),
    ):
        twin.follow(other, 60.0)
    assert math.isnan(twin.t)


def test_samples_that_are_none_are_refused() -> None:
    table = day(1, 0.1).iloc[:50]
    twin = Twin(described(1))
    for wrong, words_ in (
        (table.drop(columns="T_2"), "lack T_2"),
        (table.iloc[::-1], "order"),
        (table.iloc[[0, 1, 1, 2]], "order"),
    ):
        with pytest.raises(TwinError, match=words_):
            twin.take(wrong)
        assert twin.history.count == 0


def test_a_what_if_leaves_the_twin_alone_and_tells_what_then_happens() -> None:
    table = day(13, 3.0)
    twin = Twin(described(13))
    twin.take(table)
    before = copy.deepcopy(vars(twin))
    future = twin.what_if(set_point=40.0, hours=2.0)
    opened = twin.what_if(set_point=40.0, hours=2.0, loss=10.0)
    after = vars(twin)
    for name in ("_x", "_P", "_cusums", "_free", "_held", "_trust"):
        assert np.array_equal(before[name], after[name], equal_nan=True)
    assert before["box"] == after["box"]
    assert before["history"].count == after["history"].count
    # A twin that went on without the questions is the same twin.
    plain = Twin(described(13))
    plain.take(table)
    assert plain.report().figures == pytest.approx(twin.report().figures, nan_ok=True)
    assert future.T.shape == (2400,)
    assert np.all(future.low <= future.high)
    assert future.T[-600:].mean() == pytest.approx(39.5, abs=1.0)
    assert future.reached is not None
    assert opened.reached is None
    assert opened.T[-1] < 30


def test_the_machine_does_what_the_twin_said_it_would() -> None:
    with link.start("incubator_live", seed=14, over="here") as plant:
        twin = Twin(plant.described)
        twin.commission(plant, rest=32.0)
        twin.follow(plant, 3600.0)
        future = twin.what_if(set_point=38.0, hours=1.0)
        plant.write(set_point=38.0)
        table = plant.wait(3600.0)
    happened = table[["T_1", "T_2"]].mean(axis=1).to_numpy()
    assert np.sqrt(np.nanmean((future.T - happened) ** 2)) < 0.7
    energy = table["heater"].sum() * DT * twin.box.P_heater / 3600
    assert future.energy == pytest.approx(energy, rel=0.1)


def test_what_cannot_be_asked() -> None:
    twin = Twin(described(1))
    for question in ({"set_point": 60.0, "hours": 1.0}, {"set_point": 30.0, "hours": 0.0}):
        with pytest.raises(SignalError):
            twin.what_if(**question)


def test_a_thermostat_that_rests_teaches_nothing_and_the_twin_says_so() -> None:
    """The set point stays under the room: the heater is never on, and something is wrong."""
    with link.start("incubator_live", seed=15, over="here") as plant:
        twin = Twin(plant.described)
        twin.commission(plant, rest=20.0)
        twin.follow(plant, 4 * 3600.0)
        plant.fault(lid_open=1.0)
        twin.follow(plant, 3 * 3600.0)
    refused = [event.outcome for event in kinds(twin, "calibration")[1:]]
    assert all(not outcome.accepted for outcome in refused)


def test_memory_is_bounded() -> None:
    history = History(least=100)
    for k in range(1000):
        history.extend(np.full((3, len(COLUMNS)), float(k)))
    assert history.count == 3000
    assert len(history.last(10_000)) <= 200
    assert len(history.last(100)) == 100
    assert history.column("t", 4).tolist() == [998.0, 999.0, 999.0, 999.0]


def test_every_rule_can_be_put_in_words() -> None:
    text = words.catalogue()
    names = set(Twin(described(1)).report().figures)
    for rule in RULES:
        figures = {name: 0.5 for name, _, _ in rule.when}
        assert {name for name, _, _ in rule.when} <= names
        assert all(test in TESTS for _, test, _ in rule.when)
        assert text[f"urgency.{rule.urgency}"]
        assert text[f"advice.{rule.name}.do"].endswith(".")
        text.format(f"advice.{rule.name}.because", **figures)


def test_events_and_reports_can_be_put_in_words() -> None:
    text = words.catalogue()
    twin = followed(5, 3.0, {"lid_open": (1.0, 1.0, 1.2)})
    for event in twin.events:
        assert re.match(r"t = \d+ s: ", words.tell(event, text))
    assert len(words.line(twin.report(), text)) == len(words.head(text))


def test_a_score_counts_what_was_not_done_to_the_machine() -> None:
    twin = followed(5, 3.0, {"lid_open": (1.0, 1.0, 3.0)})
    opened = START + 3600
    assert score(twin.events, [(opened, math.inf)]).false_alarms == 0
    assert score(twin.events, []).false_alarms >= 1
    missed = score([], [(opened, math.inf)])
    assert missed.delays == {opened: None}
