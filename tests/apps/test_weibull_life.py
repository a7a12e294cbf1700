import numpy as np
import pytest
from millwright_labs.apps import weibull_life
from millwright_labs.apps.weibull_life import ABSORBERS, BEARINGS, fit, lives, show

FITTED = {"data": BEARINGS, **fit({"data": BEARINGS}), "ratio": 5.0}


@pytest.mark.parametrize(
    ("data", "units", "failures", "beta", "eta"),
    [(BEARINGS, 23, 23, 2.102, 81.88), (ABSORBERS, 38, 11, 3.160, 27_719)],
)
def test_the_fit_counts_failures_and_survivors(data, units, failures, beta, eta):
    chosen = lives(data)
    assert len(chosen.ages) == units
    assert chosen.failed.sum() == failures
    found = fit({"data": data})
    assert found["beta"] == pytest.approx(beta, abs=1e-3)
    assert found["eta"] == pytest.approx(eta, rel=1e-4)


@pytest.mark.parametrize(("ratio", "age", "saving"), [(5.0, "41.1", 30), (10.0, "27.7", 49)])
def test_the_numbers_are_the_published_ones(ratio, age, saving):
    fields = show({**FITTED, "ratio": ratio}).fields
    assert fields["best"] == age
    assert fields["saving"] == pytest.approx(saving, abs=0.5)
    assert fields["b10"] == "28.1"
    assert fields["short"] == pytest.approx(0, abs=1e-6)


def test_without_wear_no_replacement_pays():
    shown = show({**FITTED, "beta": 1.0})
    assert shown.fields["best"] is None
    assert shown.fields["saving"] is None
    assert "none" in shown.alt
    assert len(shown.moves["best"][0]) == 0


def test_the_marked_age_is_the_lowest_point_of_the_drawn_curve():
    moves = show(FITTED).moves
    age, rate = moves["rate"]
    assert moves["best"][0][0] == pytest.approx(age[np.argmin(rate)], abs=age[1] - age[0])
    assert moves["best"][1][0] == pytest.approx(rate.min(), abs=1e-3)


def test_the_line_on_weibull_paper_runs_through_eta_and_b10():
    moves = show(FITTED).moves
    age, height = moves["line"]
    at_eta = np.interp(np.log(FITTED["eta"]), np.log(age), height)
    assert at_eta == pytest.approx(weibull_life.weibull_paper(1 - np.exp(-1)), abs=1e-9)
    b10 = moves["b10"][0][0]
    at_b10 = np.interp(np.log(b10), np.log(age), height)
    assert at_b10 == pytest.approx(weibull_life.weibull_paper(0.10), abs=1e-9)


def test_new_data_bring_their_own_axes_limits_and_unit(apps_folder):
    app = weibull_life.app(apps_folder / "text")
    before = app.figure.background
    app.controls.values = {**app.controls.values, "data": ABSORBERS}
    assert app.figure.background != before
    assert app.controls.values["eta"] == 17_000
    eta = next(field for field in app.controls.fields if field["name"] == "eta")
    assert (eta["low"], eta["high"], eta["unit"]) == (5_000, 60_000, "km")
    app.controls.do("fit")
    assert app.controls.values["eta"] == pytest.approx(27_719, rel=1e-4)
    app.controls.do("reset")
    assert app.controls.values["eta"] == 72


@pytest.mark.parametrize(
    ("age", "text"),
    [(7.586, "7.59"), (41.12, "41.1"), (410.4, "410"), (27719, "27\u202f700"), (0.5, "0.500")],
)
def test_ages_have_three_figures_and_no_exponent(age, text):
    assert weibull_life._three_figures(age) == text
