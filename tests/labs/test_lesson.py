import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from millwright_labs import lesson
from millwright_labs.errors import TextError

LESSON = """
[check.recall]
kind = "choice"
answer = "b"
right = "The integral part removes the offset."
[check.recall.wrong]
a = "The proportional part alone leaves an offset."
c = "The `Td` part acts on change & only on change."

[check.predict]
kind = "number"
answer = 42.0
tolerance = 0.5
unit = "°C"
right = "Room temperature plus gain times power."
wrong.default = "Read the gain in °C/% again."
wrong.sign = "Heating makes it warmer."
wrong.factor = "Mind the unit."

[check.safe]
kind = "true-or-false"
answer = false
right = "A limit stays a limit."
wrong.default = "Look at the heater limit."

[figure.windup]
caption = "Set point and $T_{{1}}$."
alt = "Line chart. The zone overshoots by {overshoot:.1f} °C."
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a04-pid.en.toml").write_text(LESSON, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MILLWRIGHT_LANGUAGE", raising=False)
    return lesson.open("a04-pid")


@pytest.fixture(scope="module")
def said(displayed):
    def check(page, identifier, *answer):
        data = displayed(page.check, identifier, *answer).data
        assert 'role="status"' in data["text/html"]
        return data

    return check


@pytest.mark.parametrize("answer", ["b", "B", " b ", "b)", "(b)", "b."])
def test_the_right_letter_is_right_however_it_is_typed(said, page, answer):
    text = said(page, "recall", answer)["text/plain"]
    assert text == "✓ Right. The integral part removes the offset."


@pytest.mark.parametrize(
    ("identifier", "answer", "text"),
    [
        ("recall", "a", "✗ Not yet. The proportional part alone leaves an offset."),
        ("predict", 12, "✗ Not yet. Read the gain in °C/% again."),
        ("predict", -42.2, "✗ Not yet. Heating makes it warmer."),
        ("predict", 0.42, "✗ Not yet. Mind the unit."),
        ("predict", 42.0 * 60, "✗ Not yet. Mind the unit."),
        ("predict", 42.0 / (2 * np.pi), "✗ Not yet. Mind the unit."),
        ("predict", 0, "✗ Not yet. Read the gain in °C/% again."),
        ("safe", True, "✗ Not yet. Look at the heater limit."),
    ],
)
def test_a_wrong_answer_is_explained_by_what_went_wrong(said, page, identifier, answer, text):
    assert said(page, identifier, answer)["text/plain"] == text


@pytest.mark.parametrize(
    "answer",
    [42, 42.5, 41.5, np.float32(42.1), np.int64(42), np.array(42.0), np.array([42.0])],
)
def test_a_number_within_tolerance_is_right(said, page, answer):
    assert said(page, "predict", answer)["text/plain"].startswith("✓")


@pytest.mark.parametrize("answer", [False, np.bool_(False)])
def test_false_can_be_the_right_answer(said, page, answer):
    assert said(page, "safe", answer)["text/plain"].startswith("✓")


@pytest.mark.parametrize(
    ("identifier", "advice"),
    [
        ("recall", 'the letter of your choice in quotes, for example "a"'),
        ("predict", "by your number in °C"),
        ("safe", "True or False"),
    ],
)
def test_an_open_check_says_what_to_type(said, page, identifier, advice):
    for answer in ((), (...,)):
        text = said(page, identifier, *answer)["text/plain"]
        assert text.startswith("…")
        assert advice in text


@pytest.mark.parametrize(
    ("identifier", "answer"),
    [
        ("recall", "d"),
        ("recall", ""),
        ("recall", 2),
        ("recall", None),
        ("predict", "42"),
        ("predict", True),
        ("predict", float("nan")),
        ("predict", float("inf")),
        ("predict", 3 + 4j),
        ("predict", np.array([42.0, 42.0])),
        ("predict", None),
        ("safe", 0),
        ("safe", "False"),
        ("safe", np.array([True, False])),
    ],
)
def test_an_answer_of_the_wrong_kind_is_neither_right_nor_wrong(said, page, identifier, answer):
    assert said(page, identifier, answer)["text/plain"].startswith("… This check takes")


@given(
    answer=st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.lists(st.integers())
    | st.binary()
    | st.complex_numbers()
    | st.decimals()
    | st.fractions()
)
def test_no_answer_whatever_raises(said, tmp_path_factory, answer):
    folder = tmp_path_factory.getbasetemp()
    (folder / "any.en.toml").write_text(LESSON, encoding="utf-8")
    page = lesson.open("any", folder=folder)
    for identifier in ("recall", "predict", "safe"):
        said(page, identifier, answer)


def test_text_is_escaped_and_code_is_marked(said, page):
    html = said(page, "recall", "c")["text/html"]
    assert "The <code>Td</code> part acts on change &amp; only on change." in html


def test_a_figure_fills_its_text_and_is_shown_once(page, displayed):
    fig, _ = plt.subplots()
    output = displayed(page.figure, fig, "windup", overshoot=12.34)
    assert 'alt="Line chart. The zone overshoots by 12.3 °C."' in output.data["text/html"]
    assert "Set point and $T_{1}$." in output.data["text/html"]
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda page: page.check("recal", "b"), r"no \[check.recal\].*recall, predict, safe"),
        (lambda page: page.figure(plt.figure(), "wind"), r"no \[figure.wind\].*windup"),
        (lambda page: page.figure(plt.figure(), "windup"), "wants a value for 'overshoot'"),
        (lambda page: page.figure(plt.figure(), "windup", overshoot="x"), "cannot be filled"),
        (lambda page: lesson.open("a05-none"), "no text file .*a05-none.en.toml"),
    ],
)
def test_an_authors_slip_gets_one_clear_error(page, call, message):
    with pytest.raises(TextError, match=message):
        call(page)
    plt.close("all")


def without(line):
    text, count = re.subn(rf"(?m)^{re.escape(line)}.*\n", "", LESSON)
    assert count, f"{line!r} is not in the lesson"
    return text


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (without('answer = "b"'), r"\[check.recall\].*letter of the right option"),
        (without("answer = 42.0"), r"\[check.predict\].*answer = a number"),
        (without("tolerance"), r"\[check.predict\].*tolerance"),
        (without("answer = false"), r"\[check.safe\].*true or false"),
        (without("wrong.default"), r"\[check.predict\].*wrong.default"),
        (without("alt"), r"figure.windup.alt"),
        (LESSON.replace('kind = "choice"', 'kind = "essay"'), r"kind 'essay'"),
        (LESSON.replace('answer = "b"', 'answer = "a"'), r"explains the right option 'a' as wrong"),
        (LESSON + "\nbroken", "not valid TOML"),
    ],
)
def test_an_incomplete_text_file_fails_when_the_lesson_opens(tmp_path, toml, message):
    (tmp_path / "x.en.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(TextError, match=message):
        lesson.open("x", folder=tmp_path)


def test_a_translation_lies_over_english_and_leaves_no_gap(said, tmp_path, monkeypatch):
    (tmp_path / "x.en.toml").write_text(LESSON, encoding="utf-8")
    (tmp_path / "x.zh.toml").write_text(
        '[check.recall]\nright = "积分作用消除静差。"\n', encoding="utf-8"
    )
    monkeypatch.setenv("MILLWRIGHT_LANGUAGE", "zh")
    page = lesson.open("x", folder=tmp_path)
    assert "积分作用消除静差。" in said(page, "recall", "b")["text/plain"]
    assert "Room temperature" in said(page, "predict", 42)["text/plain"]


@pytest.mark.parametrize("caption", ["$T_{1}$", "$T_{}$", "{", "{overshoot:.1f", "{overshoot.x}"])
def test_stray_braces_in_a_text_are_explained(tmp_path, caption):
    toml = LESSON.replace("Set point and $T_{{1}}$.", caption)
    (tmp_path / "x.en.toml").write_text(toml, encoding="utf-8")
    page = lesson.open("x", folder=tmp_path)
    with pytest.raises(TextError, match="Write braces that are no field twice"):
        page.figure(plt.figure(), "windup", overshoot=1.0)
    plt.close("all")


def test_a_language_that_is_a_path_is_refused(tmp_path, monkeypatch):
    (tmp_path / "x.en.toml").write_text(LESSON, encoding="utf-8")
    monkeypatch.setenv("MILLWRIGHT_LANGUAGE", "../../etc")
    with pytest.raises(TextError, match="names no language"):
        lesson.open("x", folder=tmp_path)
