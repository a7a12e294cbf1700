import html.parser
import re
from pathlib import Path

import numpy as np
import pytest
from millwright_labs import healthcheck
from millwright_labs.apps import health_check as app
from millwright_labs.apps.controls import Values

TEXT = Path(__file__).parents[2] / "labs" / "apps" / "text"
HOUR = 3600.0
START: Values = {control.name: control.value for control in app.CONTROLS}


def fields(**values):
    return app.show({**START, **values}).fields


@pytest.fixture(scope="module")
def page():
    return app.app(TEXT)


@pytest.fixture
def fresh(page):
    page.controls.do("reset")
    page.files.clear()
    return page


def test_each_preset_shows_its_case():
    found = {name: fields(**preset) for name, preset in app.PRESETS.items()}
    assert (found["bearing"]["changes"], found["sound"]["changes"]) == (1, 0)
    assert found["sound"]["crossing"] == "none"
    assert found["day"]["changes"] >= 5
    assert (found["leak"]["changes"], found["leak"]["crossing"]) == (1, "none")
    assert (found["stuck"]["impossible"], found["stuck"]["stuck"]) == (5, 120)
    assert found["spikes"]["spikes"] == 14
    assert found["clock"]["times"] > 30
    assert [name for name in found if found[name]["plausible"] < 100] == ["stuck", "spikes"]


def test_the_fault_of_the_plant_is_found_when_it_began():
    record = app.sample_record("bearing")
    (change,) = app.findings(record, 0, 6.0, 3.0).changes
    assert abs(change - 20 * HOUR) < 2 * HOUR
    (change,) = app.findings(app.sample_record("leak"), 2, 6.0, 3.0).changes
    assert abs(change - 38 * HOUR) < 0.5 * HOUR


def test_the_plant_reaches_the_limit_when_the_trend_says(page):
    """The same pump, run on: the truth that the log did not hold."""
    later = np.arange(0.0, 150 * HOUR, app.STEP)
    truth = app._pump("bearing", later)[:, 0]
    crossed = float(later[np.argmax(truth >= app.LIMIT)])
    line = app.view(START).trend
    assert line.verdict == "crossing"
    assert line.crossing == pytest.approx(crossed, rel=0.05)


def test_the_question_tells_the_truth_about_the_leak():
    leak = app.PRESETS["leak"]
    assert fields(**leak)["crossing"] == "none"
    whole = app.view({**START, **leak, "since": False}).trend
    assert whole.slope * app.DAY == pytest.approx(-16, abs=1)
    assert whole.verdict == "none"
    flow = app.sample_record("leak").values[:, 2]
    assert np.median(flow[:400]) == pytest.approx(398, abs=2)
    assert np.median(flow[500:]) == pytest.approx(370, abs=6)


def test_a_sample_comes_back_as_the_visitors_own_file(fresh):
    shown = fresh.figure.alt
    fresh.files.take("mine.csv", fresh.sample().data)
    assert fresh.files.problem == ""
    assert "721" in fresh.files.status
    assert fresh.controls.values["source"] == app.OWN
    assert fresh.numbers.message == ""
    assert fresh.figure.alt.split(".")[0] == shown.split(".")[0]


GERMAN = "\n".join(
    ["Zeit;Druck (bar);Öl [°C];Status"]
    + [f"{0.5 * k:.1f};{5 + 0.01 * (k % 9):.2f};{40 + 0.1 * (k % 7):.1f};ok" for k in range(90)]
).replace(".", ",")


def test_another_file_brings_its_own_columns_units_and_limit(fresh):
    fresh.files.take("x.csv", GERMAN.encode("utf-16"))
    by_name = {field["name"]: field for field in fresh.controls.fields}
    assert by_name["column"]["options"] == [["1", "Druck (bar)"], ["2", "Öl (°C)"]]
    assert by_name["limit"]["unit"] == "bar"
    assert "Status" in fresh.files.status
    fresh.controls.values = {**fresh.controls.values, "column": "2"}
    assert fresh.controls.fields[2]["unit"] == "°C"
    assert fresh.controls.values["limit"] > 40
    fresh.controls.do("reset")
    assert fresh.controls.values == START
    assert fresh.controls.fields[2]["unit"] == "°C"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", GERMAN.replace("5,08", "hoch", 1).encode()])
def test_a_bad_file_changes_nothing_but_the_message(fresh, data):
    before = (fresh.controls.values, fresh.figure.alt, fresh.tables.tables, fresh.controls.fields)
    fresh.files.take("bad.csv", data)
    assert len(re.findall(r"[.](?:\s|$)", fresh.files.problem)) >= 2
    assert before == (
        fresh.controls.values,
        fresh.figure.alt,
        fresh.tables.tables,
        fresh.controls.fields,
    )
    assert fresh.files.status == ""


def odd(head, row, rows=50):
    return "\n".join([head, *(row(k) for k in range(rows))]).encode()


@pytest.mark.parametrize(
    "data",
    [
        odd("t,x", lambda k: f"{k},5"),
        odd("t,x", lambda k: f"{k},{1e29 * (-1) ** k}"),
        odd("t,x", lambda k: f"{k},{1e-300 * k}"),
        odd("t,x", lambda k: f"{k // 25},{k}"),
        odd("t,x", lambda k: f"{-k},{k}"),
        odd("t,x", lambda k: f"{k * 1e15},{k}"),
        odd("t,x", lambda k: f"{k},-9999"),
        odd("t,x (%)", lambda k: f"{k},-5"),
        odd("时间,温度（℃）", lambda k: f"{k},{k % 7}"),
        odd("t,x ($\\frac{),{y}", lambda k: f"{k},{k % 7},{k}"),
        odd("time,x", lambda k: f"0001-01-01 00:00:{k:02d},{k}"),
        odd("time,x", lambda k: f"19{50 + k}-01-01,{k}"),
    ],
)
def test_odd_data_are_shown_and_reported_all_the_same(fresh, data):
    fresh.files.take("odd.csv", data)
    assert fresh.files.problem == ""
    for name, value in (("threshold", 12.0), ("price", 0.5), ("limit", -1e9), ("since", False)):
        fresh.controls.values = {**fresh.controls.values, name: value}
        assert fresh.numbers.message == ""
    assert fresh.report().data.endswith(b"</html>")


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.outside = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href") and not value.startswith("data:"):
                self.outside.append(value)


def test_the_report_stands_alone_and_a_name_in_the_file_runs_nothing(fresh):
    evil = GERMAN.replace("Druck", "<script>alert(1)</script>")
    fresh.files.take("<img src=x>.csv", evil.encode())
    report = fresh.report()
    page = Page()
    page.feed(report.data.decode("utf-8"))
    assert page.outside == []
    assert "script" not in page.tags
    assert page.tags.count("table") == 4
    assert page.tags.count("img") == 1
    assert "&lt;script&gt;" in report.data.decode("utf-8")


def test_nothing_is_written(fresh, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def refused(*_, **__):
        raise AssertionError("a file is opened")

    monkeypatch.setattr("builtins.open", refused)
    fresh.files.take("x.csv", GERMAN.encode())
    fresh.report()
    assert fresh.files.problem == ""
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_is_too_long_to_draw_keeps_its_peaks():
    t = np.arange(100_000.0)
    y = np.zeros_like(t)
    y[[12_345, 67_890]] = 5.0, -7.0
    thin_t, thin_y = app._thinned(t, y)
    assert len(thin_t) <= app.POINTS
    assert {(12_345.0, 5.0), (67_890.0, -7.0)} <= set(zip(thin_t, thin_y, strict=True))


def test_what_the_file_says_is_quoted_as_it_stands(fresh):
    fresh.controls.choose("stuck")
    values = [row[2] for row in fresh.tables.tables[1]["rows"]]
    assert values.count("−9999") == 3
    fresh.controls.values = {**fresh.controls.values, "limit": 1234.5}
    assert "1234.5 °C" in fresh.figure.alt


def test_every_event_of_the_broken_sensor_is_listed():
    kinds = [kind for _, kind, _ in app.events(app.view({**START, "source": "stuck"}))]
    assert kinds.count("impossible") == 3
    assert kinds.count("stuck") == 1
    record = app.sample_record("stuck")
    assert np.isnan(record.values[:, 1]).sum() == 24
    assert healthcheck.check(record, 1).absent.sum() == 24
