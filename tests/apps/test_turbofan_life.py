import numpy as np
import pandas as pd
import pytest
from millwright_data import load
from millwright_labs.apps import turbofan_life as app
from millwright_labs.apps.turbofan_life import (
    CMAPSS,
    LEAST_SCALE,
    OWN_CONTROLS,
    OWN_PRESETS,
    RIDGE,
    SYNTHETIC,
    TESTED,
    chance_of_coverage,
    fit,
    fleet,
    forecast,
    show,
    stops,
    trailing_mean,
)
from millwright_labs.prognosis import conformal_margins

START = {control.name: control.value for control in OWN_CONTROLS}


def fields(**values):
    return show({**START, **values}).fields


def score(found):
    return float(found["score"].replace("\N{NARROW NO-BREAK SPACE}", ""))


def test_features_are_means_of_the_engines_own_last_flights():
    rng = np.random.default_rng(1)
    engine = np.repeat([0, 1, 2], [5, 30, 17])
    values = rng.standard_normal((52, 3))
    table = pd.DataFrame(values).groupby(engine).rolling(15, min_periods=1).mean()
    assert trailing_mean(values, engine) == pytest.approx(table.to_numpy())


def test_no_prediction_looks_ahead():
    known, _ = fleet(SYNTHETIC)
    model = fit(known.of(0, 20), 150.0)
    one = known.of(30, 31)
    part = one.at(np.arange(60))
    assert model.predict(part).tolist() == model.predict(one)[:60].tolist()
    values = np.random.default_rng(1).standard_normal((100, 2))
    engine = np.zeros(100, dtype=int)
    assert trailing_mean(values[:60], engine[:60]) == pytest.approx(
        trailing_mean(values, engine)[:60]
    )


def test_the_second_fit_is_a_ridge_regression_on_powers_of_the_index():
    known = fleet(SYNTHETIC)[0].of(0, 10)
    model = fit(known, 125.0)
    z = np.column_stack([np.ones(len(known.left)), (known.features - model.centre) / model.scale])
    h = np.clip(z @ model.health, 0.002, 2.0)
    A = np.column_stack([h**0, h, h**2, h**3, np.log(h), known.flight / 200])
    n, k = A.shape
    stacked = np.concatenate([A, np.sqrt(RIDGE * n) * np.eye(k)])
    goal = np.concatenate([np.minimum(known.left, 125.0), np.zeros(k)])
    expected = np.linalg.lstsq(stacked, goal, rcond=None)[0]
    assert model.life == pytest.approx(expected, rel=1e-6)
    assert model.predict(known) == pytest.approx(np.clip(A @ expected, 0, 125.0), abs=1e-6)


def test_engines_that_set_the_intervals_taught_nothing():
    known, _ = fleet(SYNTHETIC)
    made = forecast(SYNTHETIC, 60, 150.0, 0.9, True, True)
    model = fit(known.of(0, 30), 150.0)
    others = known.of(30, 60)
    ends = others.at(stops(others))
    predicted = model.predict(ends)
    assert np.array_equal(made.model.life, model.life)
    assert len(ends.left) == 30
    errors = (ends.left - predicted) / (predicted + LEAST_SCALE)
    assert (made.low, made.high) == conformal_margins(errors, 0.9)


def test_each_preset_shows_its_case():
    start = fields()
    assert start["least"] <= start["covered"] <= start["most"]
    assert start["rmse"] < 0.9 * start["rmse_base"]
    few = fields(**OWN_PRESETS["few"])
    assert few["width"] is None
    assert few["covered"] is None
    learnt = fields(**OWN_PRESETS["learnt"])
    honest = fields(**{**OWN_PRESETS["learnt"], "apart": True})
    assert learnt["covered"] < 45 < 55 < honest["covered"]
    late = fields(**OWN_PRESETS["late"])
    assert late["rmse"] < 1.25 * start["rmse"]
    assert score(late) > 5 * score(start)
    capped = fields(**OWN_PRESETS["capped"])
    assert capped["rmse_capped"] < 0.5 * start["rmse_capped"]
    assert capped["rmse"] > 1.4 * start["rmse"]


def test_the_question_tells_the_truth_about_earliness():
    start, early, far = fields(), fields(**OWN_PRESETS["early"]), fields(earlier=40.0)
    assert early["rmse"] > start["rmse"]
    assert score(early) < 0.6 * score(start)
    assert score(far) > score(early)
    assert 0.4 * TESTED < start["too_late"] < 0.6 * TESTED


@pytest.mark.parametrize(("calibrated", "tested", "coverage"), [(40, 100, 0.9), (20, 50, 0.8)])
def test_how_far_chance_moves_the_coverage_is_what_a_simulation_shows(calibrated, tested, coverage):
    rng = np.random.default_rng(1)
    shares = []
    for _ in range(4000):
        low, high = conformal_margins(rng.standard_normal(calibrated), coverage)
        new = rng.standard_normal(tested)
        shares.append(100 * ((new >= low) & (new <= high)).mean())
    expected = np.quantile(shares, [0.05, 0.95])
    assert chance_of_coverage(calibrated, tested, coverage) == pytest.approx(expected, abs=2.1)


def test_intervals_and_truths_on_the_page_agree_with_the_count():
    shown = show(START)
    low, high = shown.moves["intervals"][1][0::3], shown.moves["intervals"][1][1::3]
    truth = shown.moves["truths"][1]
    outside = (truth < low) | (truth > high)
    assert outside.sum() == shown.fields["missed"] == len(shown.moves["missed"][0])
    assert (np.diff(truth) >= 0).all()
    assert shown.fields["covered"] == pytest.approx(100 - shown.fields["missed"])


def test_without_cmapss_the_page_says_so_and_works(without_data, apps_folder):
    page = app.app(apps_folder / "text")
    assert "not installed" in page.intro()
    assert "source" not in page.controls.values
    page.controls.choose("few")
    assert "no interval" in [row["text"] for row in page.numbers.rows]


def test_cmapss_is_split_as_nasa_split_it(with_data, apps_folder):
    page = app.app(apps_folder / "text")
    assert "not installed" not in page.intro()
    known, tested = fleet(CMAPSS)
    assert len(known.left) == 20_631
    assert known.left[known.last].max() == 0
    assert len(tested.left) == 13_096
    assert tested.left[tested.last].tolist() == load("cmapss", "RUL_FD001")["rul"].tolist()
    found = fields(source=CMAPSS, engines=100.0, cap=125.0)
    assert found["least"] - 4 <= found["covered"] <= found["most"]
    # A plain model, above the 11 to 18 flights of published ones and well below the mean life.
    assert 15 < found["rmse"] < 27
    assert found["rmse_base"] > 35
    page.controls.choose("cmapss")
    assert "C-MAPSS" in page.figure.alt
