import numpy as np
import pytest
from millwright_labs import link
from millwright_labs.apps import live_twin as app
from millwright_labs.twin import COMMISSIONING, Twin
from millwright_labs.twin.history import PLACE

START = {control.name: control.value for control in app.CONTROLS}


def values(preset):
    return {**START, **app.PRESETS[preset]}


def the_day(preset):
    given = values(preset)
    return app.day(given["lid"], given["wear"], given["drift"], given["lost"])


def test_machine_and_twin_are_those_of_the_link() -> None:
    """A station, driven sample by sample, has commissioned the same twin."""
    with link.start("incubator_live", seed=app.SEED, over="here") as plant:
        twin = Twin(plant.described)
        for set_point, seconds in COMMISSIONING:
            plant.write(set_point=set_point)
            twin.follow(plant, seconds)
    here, _, _ = app._commissioned()
    assert here.box == twin.box
    assert here.report().figures["power"] == twin.report().figures["power"]


def test_a_sound_day_is_calm() -> None:
    found = the_day("sound")
    assert found.twin.events == []
    assert found.listening.all()
    assert found.report.advice == []
    assert app.noticed(found, values("sound")) is None


def test_an_open_lid_is_noticed_and_not_calibrated_in() -> None:
    found = the_day("lid")
    assert app.noticed(found, values("lid")) <= 60
    first = next(event.outcome for event in found.twin.events if event.outcome)
    assert (first.accepted, first.reason) == (False, "bounds")
    assert first.about == ("G_box",)
    open_ = (found.t > app.LID_FROM + 0.2) & (found.t < app.LID_FROM + 0.3)
    assert not found.listening[open_].any()
    assert found.rows[open_, PLACE["loss"]].min() > 5
    assert found.rows[-1, PLACE["loss"]] == pytest.approx(1, abs=0.2)
    _, innovation = app.show(values("lid")).moves["innovation"]
    assert innovation.max() > 1


def test_each_fault_shows_its_case() -> None:
    assert app.noticed(the_day("ajar"), values("ajar")) <= 60
    worn = the_day("wear")
    assert worn.power[-1] == pytest.approx(1 - 0.05 * (app.NOW - app.WEAR_FROM), abs=0.01)
    assert worn.report.figures["power"] == pytest.approx(worn.power[-1], abs=0.1)
    assert "heater-life" in [advice.name for advice in worn.report.advice]
    drifting = the_day("drift")
    assert [advice.name for advice in drifting.report.advice] == ["thermometer-1"]
    lost = the_day("lost")
    assert lost.twin.events == []
    assert lost.report.figures["missing"] == pytest.approx(0.8, abs=0.05)


def test_the_band_of_the_heater_holds_it_on_a_sound_day() -> None:
    shown = app.show(START).moves
    _, low, high = shown["heater_band"]
    _, true = shown["heater"]
    assert np.mean((low < true) & (true < high)) > 0.8


@pytest.mark.parametrize("set_point", [30.0, 38.0])
def test_what_is_foreseen_on_a_sound_machine_happens(set_point) -> None:
    future = app.foresee(the_day("sound"), set_point)
    truth = app.what_happens({**START, "set_point": set_point})
    assert np.sqrt(np.mean((future.T - truth) ** 2)) < 0.8


def test_asking_does_not_change_the_day() -> None:
    before = the_day("wear").rows.copy()
    figures = dict(the_day("wear").twin.report().figures)
    app.foresee(the_day("wear"), 42.0)
    assert np.array_equal(before, the_day("wear").rows, equal_nan=True)
    assert the_day("wear").twin.report().figures == pytest.approx(figures, nan_ok=True)


def test_the_past_does_not_depend_on_the_question() -> None:
    a, b = (app.show({**START, "set_point": value}) for value in (28.0, 41.0))
    assert np.array_equal(a.moves["air"][1], b.moves["air"][1])
    assert a.fields["foretold"] < b.fields["foretold"] - 8


def test_the_question_tells_the_truth() -> None:
    """A loss that no sound box has is refused; a small one is taken over or outweighed."""
    assert app.PRESETS["lid"]["lid"] == 100.0
    reasons = [event.outcome.reason for event in the_day("lid").twin.events if event.outcome]
    assert reasons[0] == "bounds"
