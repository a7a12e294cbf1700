import numpy as np
import pytest
from millwright_data import load
from millwright_labs.apps import tool_wear as app
from millwright_labs.apps.controls import PerChoice
from millwright_labs.apps.tool_wear import (
    CONTROLS,
    FIRST,
    PRESETS,
    READING_NOISE,
    TOOLS,
    WORKS,
    agreement,
    decide,
    quantiles,
    ranked,
    show,
    tools,
)
from millwright_labs.wear import ToolWear

START = {
    control.name: control.sliders[FIRST].value if isinstance(control, PerChoice) else control.value
    for control in CONTROLS
}


def fields(**values):
    return show({**START, **values}).fields


def test_each_preset_shows_its_case():
    found = {name: fields(**preset) for name, preset in PRESETS.items()}
    assert found["best"]["extra"] == pytest.approx(0, abs=1e-9)
    assert found["early"]["risk"] < 0.1
    assert 5 < found["late"]["risk"] < 20
    assert found["dear"]["at_best"] < found["best"]["at_best"]
    assert found["slow"]["own_at"] > 1.3 * found["best"]["at_best"]
    assert found["fast"]["own_at"] < found["best"]["at_best"]
    assert found["slow"]["own_gain"] > 0
    assert found["absurd"]["own_at"] is None
    assert found["absurd"]["trust"] == "absurd"
    assert found["steel"]["at_best"] < 0.4 * found["best"]["at_best"]


def test_the_question_tells_the_truth_about_early_and_late():
    best = fields()["at_best"]
    assert best == 27.5
    assert best - PRESETS["early"]["change"] == PRESETS["late"]["change"] - best == 17.5
    early, late = (fields(**PRESETS[name])["extra"] for name in ("early", "late"))
    assert early == pytest.approx(0.6, abs=0.05)
    assert late > 3 * early


def test_the_marked_time_is_the_lowest_point_of_the_drawn_curve():
    moves = show(START).moves
    t, loss = moves["loss"]
    assert moves["best"][0][0] == t[np.argmin(loss)]
    assert moves["best"][1][0] == pytest.approx(0, abs=1e-12)


def test_long_practice_confirms_the_cost_of_a_good_part():
    """Walk through the tools one after the other, each changed at the best time."""
    values = {**START, "failure": 15.0, "scrap": 0.5}
    made = decide(values)
    known, plan = tools(FIRST), float(made.t[made.best])
    cost, good = 0.0, 0.0
    for wear, breaks in zip(known.wear, known.break_wear, strict=True):
        broken = np.interp(breaks, wear, known.t, right=np.inf)
        spoilt = np.interp(values["limit"], wear, known.t, right=np.inf)
        end = min(plan, broken)
        cost += 15.0 if broken <= plan else 1.0
        cost += 0.5 * max(0.0, end - spoilt)
        good += min(end, spoilt)
    assert show(values).fields["price"] == pytest.approx(cost / good, rel=1e-3)


def test_a_reading_leaves_the_tools_that_agree_with_it():
    weights = agreement(FIRST, 17.5, 0.26)
    known = tools(FIRST)
    wear = known.wear[:, np.argmin(abs(known.t - 17.5))]
    assert weights.sum() == pytest.approx(1)
    assert np.average(wear, weights=weights) == pytest.approx(0.26, abs=READING_NOISE)
    near = abs(wear - 0.26) < 0.5 * READING_NOISE
    later = known.wear[:, np.argmin(abs(known.t - 40.0))]
    assert np.average(later, weights=weights) == pytest.approx(later[near].mean(), rel=0.03)
    assert agreement(FIRST, 17.5, 0.7) is None


def test_a_tool_that_was_read_is_not_changed_in_the_past():
    made = decide({**START, "read": True, "read_at": 40.0, "reading": 0.6})
    assert made.t[made.own_best] >= 40.0
    shown = show({**START, "read": True, "read_at": 40.0, "reading": 0.6, "change": 5.0})
    assert shown.moves["own_loss"][0].min() >= 40.0
    assert shown.fields["extra"] >= 0


def test_bands_hold_the_share_of_tools_that_they_say():
    even = np.full(TOOLS, 1 / TOOLS)
    t, _, _ = ranked(FIRST)
    found = quantiles(FIRST, even, (0.05, 0.5, 0.95))
    wear = tools(FIRST).wear[:, ::2]
    assert found == pytest.approx(np.quantile(wear, [0.05, 0.5, 0.95], axis=0), abs=0.003)
    assert found.shape == (3, len(t))


def test_new_work_brings_its_own_times(apps_folder):
    page = app.app(apps_folder / "text")
    before = page.figure.background
    page.controls.values = {**page.controls.values, "work": "steel_heavy"}
    assert page.figure.background != before
    horizon = WORKS["steel_heavy"].horizon
    for name in ("change", "read_at"):
        field = next(field for field in page.controls.fields if field["name"] == name)
        assert field["high"] <= horizon
        assert field["low"] <= page.controls.values[name] <= field["high"]


def test_without_the_readings_the_page_says_so_and_works(without_data, apps_folder):
    page = app.app(apps_folder / "text")
    assert "not installed" in page.intro()
    assert "NASA" not in page.figure.alt
    page.controls.choose("slow")
    assert "43.0 min" in [row["text"] for row in page.numbers.rows]


def test_with_the_readings_they_stand_in_the_chart(with_data, apps_folder):
    page = app.app(apps_folder / "text")
    assert "not installed" not in page.intro()
    assert "Dots show 22 readings" in page.figure.alt


def test_the_tools_wear_as_those_of_the_milling_set(with_data):
    """Pace, effect of the work and scatter by least squares on the logarithm of the paces."""
    table = load("nasa-milling-vb").dropna(subset=["vb"])
    p, rows = ToolWear(), []
    for _, tool in table[table["vb"] <= 0.7].groupby("case"):
        if len(tool) >= 3:
            t, grown = tool["time"].to_numpy(float), tool["vb"].to_numpy(float) - p.run_in
            work = tool.iloc[0]
            rows.append(
                [(t * grown).sum() / (t * t).sum(), work["material"], work["feed"], work["doc"]]
            )
    pace, material, feed, depth = np.array(rows, dtype=float).T
    assert len(pace) == 15
    A = np.column_stack([np.ones(15), material == 2, np.log(feed / 0.5), np.log(depth / 0.75)])
    found = np.linalg.lstsq(A, np.log(pace), rcond=None)[0]
    assert np.exp(found[0]) == pytest.approx(p.pace, rel=0.01)
    assert np.exp(found[1]) == pytest.approx(p.steel, rel=0.01)
    assert found[2] == pytest.approx(p.feed_exponent, abs=0.01)
    assert found[3] == pytest.approx(p.depth_exponent, abs=0.01)
    left = np.log(pace) - A @ found
    assert left.std(ddof=4) == pytest.approx(p.scatter, abs=0.005)
