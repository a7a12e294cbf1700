import numpy as np
import pytest
from millwright_labs import vibration, wear
from millwright_labs.apps import bearing_envelope as app
from millwright_labs.apps.bearing_envelope import (
    OWN_CONTROLS,
    OWN_PRESETS,
    RECORDS,
    SAMPLING_RATE,
    diagnose,
    evidence,
    fault_rates,
    show,
)

START = {control.name: control.value for control in OWN_CONTROLS}


def preset(name):
    return show({**START, **OWN_PRESETS[name]})


def test_rates_are_the_published_ones_of_the_6205():
    rates = fault_rates(1.0)
    assert rates["outer"] == pytest.approx(3.5848, abs=1e-4)
    assert rates["inner"] == pytest.approx(5.4152, abs=1e-4)
    assert rates["cage"] == pytest.approx(0.3983, abs=1e-4)
    assert rates["ball"] == pytest.approx(2 * 2.3567, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("outer", "outer"),
        ("inner", "inner"),
        ("ball", "ball"),
        ("band", "unsure"),
        ("buried", "unsure"),
        ("sound", "unsure"),
    ],
)
def test_each_preset_shows_its_case(name, verdict):
    shown = preset(name)
    assert shown.fields["verdict"] == verdict
    assert f"verdict_{verdict}" in shown.alt


@pytest.mark.parametrize("fault", ["outer", "inner", "ball"])
@pytest.mark.parametrize("speed", [600.0, 1260.0, 3000.0])
def test_a_clear_fault_is_named_at_every_speed(fault, speed):
    fields = show({**START, "fault": fault, "severity": 1.0, "speed": speed, "noise": 1.0}).fields
    assert fields["verdict"] == fault
    assert fields["rate"] == pytest.approx(fault_rates(speed / 60)["outer"])


def test_noise_alone_is_hardly_ever_called_a_fault():
    """One record in a hundred at most, whatever band and speed somebody chooses."""
    rng = np.random.default_rng(1)
    named = 0
    for seed in range(200):
        shaft, width = rng.uniform(10, 50), rng.uniform(800, 4000)
        low = rng.uniform(0, 6000 - width)
        x = wear.bearing_vibration(2.0, SAMPLING_RATE, shaft, seed=seed)
        f, lines = vibration.envelope_spectrum(x, SAMPLING_RATE, low, low + width)
        kept = (f >= app.ENVELOPE_START) & (f <= app.ENVELOPE_END)
        found = evidence(f[kept], vibration.above_floor(lines[kept]), fault_rates(shaft))
        named += diagnose(found) != "unsure"
    assert named <= 2


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ({"outer": 20.0, "inner": 13.0, "ball": 5.0}, "outer"),
        ({"outer": 11.9, "inner": 3.0, "ball": 5.0}, "unsure"),
        ({"outer": None, "inner": 3.0, "ball": 15.0}, "ball"),
        ({"outer": None, "inner": None, "ball": None}, "unsure"),
    ],
)
def test_a_diagnosis_needs_enough_evidence(found, verdict):
    assert diagnose(found) == verdict


def test_one_line_alone_is_no_evidence_and_a_short_spectrum_sees_nothing():
    f, height = np.arange(0, 400, 0.5), np.zeros(800)
    height[f == 100.0] = 30.0
    rates = {"outer": 100.0, "inner": 150.0, "ball": 210.0}
    found = evidence(f, height, rates)
    assert found["outer"] == 0.0
    assert found["ball"] is None
    height[f == 200.0] = 20.0
    assert evidence(f, height, rates)["outer"] == 20.0


def test_marks_stand_at_multiples_of_the_chosen_rate():
    moves = show({**START, "mark": "cage", "speed": 1800.0}).moves
    where = np.unique(moves["marks"][0][~np.isnan(moves["marks"][0])])
    assert where == pytest.approx(fault_rates(30.0)["cage"] * np.arange(1, 5))


def test_without_the_records_the_page_says_so_and_works(without_data, apps_folder):
    page = app.app(apps_folder / "text")
    assert "not installed" in page.intro()
    assert "source" not in page.controls.values
    assert {preset["name"] for preset in page.controls.presets} == set(OWN_PRESETS)


def test_with_the_records_each_is_offered_and_judged(with_data, apps_folder):
    page = app.app(apps_folder / "text")
    assert "not installed" not in page.intro()
    assert page.controls.fields[0]["name"] == "source"
    assert len(page.controls.fields[0]["options"]) == len(RECORDS) + 1
    verdicts = {}
    for name in RECORDS:
        fields = show({**START, "source": name}).fields
        assert fields["rpm"] == pytest.approx(1796.5, abs=1)
        verdicts[name] = fields["verdict"]
    assert verdicts["normal"] == "unsure"
    assert {verdicts[name] for name in ("OR007", "OR021")} == {"outer"}
    assert {verdicts[name] for name in ("IR007", "IR014", "IR021")} == {"inner"}
    # What the preset warns of: on ball faults the lines speak for other parts, or for none.
    assert verdicts["B021"] == "inner"
    page.controls.choose("misleading")
    assert "measured record B021" in page.figure.alt
