import csv
import io
from pathlib import Path

import numpy as np
import pytest
from millwright_labs import matching
from millwright_labs.apps import partner_match as app

TEXT = Path(__file__).parents[2] / "labs" / "apps" / "text"
START = {control.name: control.value for control in app.CONTROLS}


def fields(preset):
    return app.show({**START, **app.PRESETS[preset]}).fields


@pytest.fixture(scope="module")
def page():
    return app.app(TEXT)


@pytest.fixture
def fresh(page):
    page.controls.do("reset")
    page.files.clear()
    return page


def test_each_preset_shows_its_case():
    found = {name: fields(name) for name in app.PRESETS}
    assert found["total"]["blocking"] >= 2
    assert found["stable"]["blocking"] == 0
    assert found["near"]["km"] < 0.9 * found["total"]["km"]
    assert found["near"]["met"] < found["total"]["met"]
    assert found["skills"]["met"] > found["total"]["met"] + 10
    assert found["strict"]["waiting"] > found["total"]["waiting"]
    assert found["scarce"]["matched"] == app.SCHOOLS


def test_the_question_tells_the_truth():
    best, stable = fields("total"), fields("stable")
    assert best["lost"] == 0
    assert stable["lost"] > 0.1
    assert stable["met"] < best["met"]


def test_invented_partners_say_so():
    for name in app.SAMPLES:
        market = app.sample_market(name)
        assert all("Invented" in p.name for p in (*market.schools, *market.enterprises))


def test_lines_join_partners_and_dots_stand_where_they_are():
    found = app.match(START)
    moves = app.show(START).moves
    x, y = (np.reshape(axis, (-1, 3))[:, :2] for axis in moves["pairs"])
    for k, (e, s) in enumerate(found.pairs):
        one, other = found.market.enterprises[e], found.market.schools[s]
        assert x[k].tolist() == [one.longitude, other.longitude]
        assert y[k].tolist() == [one.latitude, other.latitude]
    assert len(moves["wish"][0]) == len(found.pairs)


def test_the_tables_hold_every_partner_with_a_reason(fresh):
    pairs, left, blocking = fresh.tables.tables
    found = app.match(START)
    assert len(pairs["rows"]) == len(found.pairs)
    assert len(blocking["rows"]) == len(found.blocking) > 0
    named = {row[1] for row in pairs["rows"]} | {row[0] for row in left["rows"]}
    assert {p.name for p in found.market.enterprises} <= named
    assert all(row[2] for row in left["rows"])


def test_the_result_can_be_read_by_others(fresh):
    data = fresh.result().data.decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(data))
    assert {len(row) for row in rows} == {len(head)}
    matched = [row for row in rows if row[0] and row[1]]
    assert sum(int(row[2]) for row in matched) == app.show(START).fields["matched"]
    assert all(row[-1] for row in rows if row not in matched)


def test_a_file_of_ones_own_is_matched_and_reset_brings_the_example_back(fresh):
    shown = fresh.figure.alt
    data = fresh.sample().data.replace(b"Invented school", b"Other school")
    fresh.files.take("mine.csv", data)
    assert fresh.files.problem == ""
    assert fresh.controls.values["source"] == app.OWN
    assert "Other school" in fresh.tables.tables[0]["rows"][0][2]
    assert fresh.figure.alt == shown
    fresh.controls.do("reset")
    assert "Invented school" in fresh.tables.tables[0]["rows"][0][2]


def test_a_bad_row_changes_nothing_but_the_message(fresh):
    before = (fresh.controls.values, fresh.figure.alt, fresh.tables.tables)
    fresh.files.take("bad.csv", fresh.sample().data.replace(b"school,", b"shool,", 1))
    assert fresh.files.problem.startswith("Line 2: “shool”")
    assert before == (fresh.controls.values, fresh.figure.alt, fresh.tables.tables)


def test_the_largest_file_is_matched():
    rows = [
        [kind, f"{kind} {k}", "cnc", f"{k % 9}", f"{k % 7}", 1, *[1 + k % 3] * 12]
        for kind in (matching.SCHOOL, matching.ENTERPRISE)
        for k in range(matching.MOST)
    ]
    market = matching.read(app.tables.write(matching.COLUMNS, rows))
    found = app.match({**START, "source": app.OWN}, market)
    assert found.made.sum() == matching.MOST
