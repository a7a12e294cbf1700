"""What holds for every app, whatever it shows."""

import importlib
import io
import json
import re

import matplotlib.pyplot as plt
import pytest
from millwright_labs import lesson
from millwright_labs.apps import app as frame
from millwright_labs.catalogue import Catalogue
from PIL import Image

NAMES = [
    "bearing-envelope",
    "health-check",
    "hydraulic-monitor",
    "kalman-incubator",
    "live-twin",
    "loop-shaping-z",
    "mill-gauge",
    "partner-match",
    "pid-furnace",
    "pitch-mpc",
    "quarter-car",
    "tool-wear",
    "turbofan-life",
    "weibull-life",
]


def module(name):
    return importlib.import_module(f"millwright_labs.apps.{name.replace('-', '_')}")


def offered(app):
    """Return the presets on the page: those of measured data need the data."""
    return [preset["name"] for preset in app.controls.presets]


@pytest.fixture(scope="module", params=NAMES)
def app(request, apps_folder):
    with plt.style.context("default"):
        yield module(request.param).app(apps_folder / "text")


def test_every_notebook_is_tested_here(apps_folder):
    assert sorted(path.stem for path in apps_folder.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_thin(apps_folder, name):
    notebook = json.loads((apps_folder / f"{name}.ipynb").read_text(encoding="utf-8"))
    (cell,) = notebook["cells"]
    code = "".join(cell["source"])
    package = name.replace("-", "_")
    assert code == f"from millwright_labs.apps import {package}\n\n{package}.app()"
    assert cell["outputs"] == []
    assert cell["execution_count"] is None


@pytest.mark.parametrize("name", NAMES)
def test_the_text_is_complete(apps_folder, name):
    text = Catalogue(name, apps_folder / "text")
    sentences = re.findall(r"[^.?!]+[.?!](?:\s|$)", text["story"])
    assert len(sentences) == 3
    assert text.keys("check") == ["question"]
    options = set(text.keys("check.question.options"))
    assert options == {text["check.question.answer"], *text.keys("check.question.wrong")}
    assert len(text.keys("preset")) >= 4
    assert {text["unit"], text["course"], *text.get("industry")}


def test_every_preset_has_its_own_picture_numbers_and_words(app):
    seen = set()
    for preset in offered(app):
        app.controls.choose(preset)
        assert app.numbers.message == ""
        assert len(app.figure.alt) > 100
        words = " ".join([app.figure.alt, *(row["text"] for row in app.numbers.rows)])
        assert not re.search(r"[{}]|\bnan\b|\bNone\b|\de[+-]\d", words)
        seen.add((app.figure.alt, app.figure.points))
    assert len(seen) == len(offered(app))


def test_every_control_moves_the_figure(app):
    """From some preset at least: a control that never shows anything has no place on the page."""
    for field in app.controls.fields:
        moved = []
        for preset in offered(app):
            app.controls.choose(preset)
            before = (app.figure.points, app.figure.background)
            name, now = field["name"], app.controls.values[field["name"]]
            other = {
                "slider": lambda field=field, now=now: (
                    field["low"] if now > (field["low"] + field["high"]) / 2 else field["high"]
                ),
                "stops": lambda field=field, now=now: field["stops"][0 if now > 1 else -1],
                "switch": lambda now=now: not now,
                "number": lambda now=now: now + 1.0,
                "choice": lambda field=field, now=now: next(
                    value for value, _ in field["options"] if value != now
                ),
            }[field["kind"]]()
            app.controls.values = {**app.controls.values, name: other}
            moved.append(before != (app.figure.points, app.figure.background))
        assert any(moved), f"{field['name']} moves nothing"
    app.controls.do("reset")


@pytest.mark.parametrize("width", [320, 360, 740, 1100])
def test_the_figure_is_laid_out_for_the_width_of_the_page(app, width):
    app.figure.width = float(width)
    size = Image.open(io.BytesIO(app.figure.background)).size
    assert size[0] == 2 * width
    fig = app.figure._scene._fig
    for axes in fig.axes:
        assert axes.bbox.width > 0.7 * fig.bbox.width
        assert axes.bbox.height > 90, "less than 45 pixels of the page are left for a chart"


def test_the_question_is_judged_at_once(app):
    answer = app.text["check.question.answer"]
    for option, _ in app.question.options:
        app.question.choice = option
        assert app.question.verdict.startswith("✓" if option == answer else "✗")
    assert lesson.judge(app.text.get("check.question"), "nonsense").outcome == "open"


def test_the_page_has_a_heading_and_a_picture_before_any_script_runs(app):
    assert app.intro().count("<h1>") == 1
    assert f'alt="{app.figure.alt[:40]}'.replace("'", "&#x27;") in app.figure.still()


def test_a_setting_that_cannot_be_shown_says_so_and_the_next_one_works(app, monkeypatch):
    app.controls.do("reset")
    shown = app._show

    def broken(values):
        raise ZeroDivisionError

    monkeypatch.setattr(app, "_show", broken)
    app.changed(app.controls.values)
    assert app.numbers.message == frame.WORDS["sorry"]
    monkeypatch.setattr(app, "_show", shown)
    app.controls.do("reset")
    assert app.numbers.message == ""
