import pytest
from comm import DummyComm
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs.apps.controls import (
    Choice,
    Controls,
    LogSlider,
    Number,
    PerChoice,
    Slider,
    Switch,
)
from millwright_labs.catalogue import Catalogue
from millwright_labs.errors import AppError

TEXT = """
[control.gain]
label = "Gain"
unit = "%/°C"
[control.noise]
label = "Noise"
text = "× {value:g}"
[control.lid]
label = "Lid"
[control.data]
label = "Data"
[control.data.options]
cars = "Cars"
mills = "Mills"
[control.life]
label = "Life"
[control.life.units]
cars = "km"
mills = "h"
[preset.start]
label = "Start"
look = "Look."
[preset.other]
label = "Other"
look = "Look there."
[action.double]
label = "Double"
"""
CONTROLS = (
    Slider("gain", 0.5, 40, 0.5, 6),
    LogSlider("noise", 0.01, 100, 1.0, per_decade=2),
    Switch("lid", False),
    Choice("data", ("cars", "mills"), "cars"),
    PerChoice(
        "life",
        by="data",
        sliders={
            "cars": Slider("life", 1000, 9000, 10, 2000),
            "mills": Slider("life", 1, 9, 1, 2),
        },
    ),
)
START = {"gain": 6, "noise": 1.0, "lid": False, "data": "cars", "life": 2000}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    (folder / "x.en.toml").write_text(TEXT, encoding="utf-8")
    return Catalogue("x", folder)


@pytest.fixture
def form(text):
    seen = []
    form = Controls(
        CONTROLS,
        {"start": {}, "other": {"gain": 20, "data": "mills", "life": 5}},
        text,
        seen.append,
        actions={"double": lambda values: {"gain": 2 * values["gain"]}},
    )
    form.seen = seen
    return form


class Browser:
    """The browser's end of the form: its messages, and the kernel's form as it arrives."""

    def __init__(self, form):
        self.form, self.kernel, self.answers = form.form, form, []
        form.comm = DummyComm()  # whatever has taken the place of the comms that this process makes
        form._send = self._receive

    def _receive(self, message, buffers=None):
        assert message["method"] == "update"
        if "form" in message["state"]:
            self.answers.append(message["state"]["form"])

    def listen(self):
        """Apply what the kernel has sent."""
        self.form = [self.form, *self.answers][-1]
        self.answers = []

    def move(self, **values):
        """Move a control; return the message on its way."""
        turn, now = self.form["turn"], self.form["values"]
        self.form = {"turn": turn, "preset": "", "values": {**now, **values}}
        return {"method": "update", "state": {"form": self.form}, "buffer_paths": []}

    def press(self, **button):
        """Press a button; return the message on its way."""
        return {"method": "custom", "content": {**button, "form": self.form}}

    def arrive(self, *messages):
        for message in messages:
            self.kernel._handle_msg({"content": {"data": message}, "buffers": []})


@pytest.fixture
def browser(form):
    return Browser(form)


def test_it_starts_at_the_first_preset_and_tells_nobody(form):
    assert form.values == START
    assert form.preset == "start"
    assert form.seen == []


def test_a_change_is_told_once_with_all_values(form):
    form.values = {**form.values, "gain": 7.5}
    assert form.seen == [{**START, "gain": 7.5}]


def test_a_preset_sets_everything_and_is_told_once(form):
    form.choose("other")
    assert form.seen == [{**START, "gain": 20, "data": "mills", "life": 5}]
    assert form.preset == "other"
    form.do("reset")
    assert form.values == START


def test_a_button_changes_what_it_returns(form):
    form.do("double")
    assert form.values["gain"] == 12
    assert form.preset == ""


def test_a_move_is_told_once_and_not_sent_back(form, browser):
    browser.arrive(browser.move(gain=7.5), browser.move(gain=8))
    assert [seen["gain"] for seen in form.seen] == [7.5, 8]
    assert form.preset == ""
    assert browser.answers == []


@pytest.mark.parametrize("button", [{"action": "reset"}, {"preset": "other"}])
def test_a_button_overtakes_moves_that_were_made_before_it(form, browser, button):
    first, held_back = browser.move(gain=7), browser.move(gain=9)
    browser.arrive(first, browser.press(**button), held_back)
    shown, told = form.form, len(form.seen)
    browser.listen()
    assert browser.form == shown
    assert shown["preset"] in ("start", "other")
    assert told == 2
    # From here on moves count again.
    browser.arrive(browser.move(gain=11))
    assert form.values == {**shown["values"], "gain": 11}


def test_a_move_before_the_buttons_answer_is_dropped_on_both_sides(form, browser):
    press = browser.press(preset="other")
    late = browser.move(noise=100.0)
    browser.arrive(press, late)
    browser.listen()
    assert browser.form == form.form
    assert form.preset == "other"
    assert form.values["noise"] == 1.0


@pytest.mark.parametrize("button", [{"action": "evil"}, {"preset": "evil"}, {}])
def test_even_a_button_that_is_none_is_answered(form, browser, button):
    before = form.form
    browser.arrive(browser.press(**button))
    browser.listen()
    assert browser.form == {**before, "turn": before["turn"] + 1}
    assert form.seen == []


def test_a_reset_of_what_the_kernel_never_saw_moved_tells_the_browser_all_the_same(form, browser):
    held_back = browser.move(gain=9)
    browser.arrive(browser.press(action="reset"))
    browser.listen()
    browser.arrive(held_back)
    assert browser.form == form.form
    assert form.values == START


def test_a_button_works_on_what_the_visitor_saw(form, browser):
    held_back = browser.move(gain=9)
    browser.arrive(browser.press(action="double"), held_back)
    browser.listen()
    assert form.values["gain"] == browser.form["values"]["gain"] == 18
    assert [seen["gain"] for seen in form.seen] == [18]


def test_moves_on_the_way_when_a_choice_brings_new_limits_end_alike_on_both_sides(form, browser):
    choice, gain = browser.move(data="mills"), browser.move(gain=9)
    browser.arrive(choice)
    assert form.values["life"] == 2
    browser.arrive(gain)
    browser.listen()
    assert browser.form == form.form
    assert (form.values["gain"], form.values["data"]) == (9, "mills")


def test_other_data_drop_moves_of_the_old_controls(form, browser):
    late = browser.move(gain=9)
    form.renew(Choice("data", ("mills", "cars"), "mills", labels=("A", "B")), data="mills")
    browser.arrive(late)
    browser.listen()
    assert browser.form == form.form
    assert (form.values["gain"], form.values["data"], form.preset) == (6, "mills", "")
    assert form.seen == []


def test_a_choice_brings_new_limits_and_a_new_start(form):
    form.values = {**form.values, "data": "mills"}
    assert form.values["life"] == 2
    life = form.fields[-1]
    assert (life["low"], life["high"], life["unit"]) == (1, 9, "h")


@pytest.mark.parametrize(
    ("name", "sent", "kept"),
    [
        ("gain", 1e9, 40),
        ("gain", -1, 0.5),
        ("gain", float("nan"), 6),
        ("gain", float("inf"), 6),
        ("gain", "12", 6),
        ("gain", None, 6),
        ("gain", True, 6),
        ("noise", 0.0, 1.0),
        ("noise", -5, 1.0),
        ("noise", 2.0, 3.2),
        ("noise", 1e9, 100),
        ("lid", 1, False),
        ("lid", "true", False),
        ("data", "planes", "cars"),
        ("data", ["cars"], "cars"),
        ("life", 1e6, 9000),
    ],
)
def test_whatever_the_browser_sends_both_see_values_within_limits(form, browser, name, sent, kept):
    browser.arrive(browser.move(**{name: sent}))
    assert form.values == {**START, name: kept}
    browser.listen()
    assert browser.form == form.form


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*START, "evil"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none()),
    )
)
def test_no_message_breaks_the_form(text, values):
    form = Controls(CONTROLS, {"start": {}}, text, lambda _: None)
    form.values = values
    assert set(form.values) == set(START)
    for control in CONTROLS[:2]:
        assert control.clean(form.values[control.name]) == form.values[control.name]
    browser = Browser(form)
    for message in (values, None, [], {"preset": [1]}, {"action": "evil"}):
        browser.arrive({"method": "custom", "content": message})
    for sent in (values, {"values": values}, {"turn": "1", "values": values}):
        browser.arrive({"method": "update", "state": {"form": sent}})
    assert set(form.values) == set(START)


def test_a_logarithmic_slider_has_round_stops_and_words(form):
    noise = form.fields[1]
    assert noise["stops"] == [0.01, 0.032, 0.1, 0.32, 1.0, 3.2, 10.0, 32.0, 100.0]
    assert noise["texts"][3] == "× 0.32"


@pytest.mark.parametrize(("step", "decimals"), [(0.01, 2), (0.5, 1), (1, 0), (10, 0), (0.05, 2)])
def test_a_sliders_number_shows_as_many_decimals_as_its_step(text, step, decimals):
    assert Slider("gain", 0, 100, step, 0).describe(text)["decimals"] == decimals


@pytest.mark.parametrize("preset", [{"gain": 41}, {"lid": "yes"}, {"speed": 1}, {"noise": 1.1}])
def test_a_preset_that_no_control_can_show_is_refused(text, preset):
    with pytest.raises(AppError, match="preset 'start'"):
        Controls(CONTROLS, {"start": preset}, text, lambda _: None)


def test_an_unknown_preset_or_button_is_refused(form):
    with pytest.raises(AppError, match="no preset 'evil'"):
        form.choose("evil")
    with pytest.raises(AppError, match="no button 'evil'"):
        form.do("evil")


def test_other_data_bring_other_options_labels_and_units(form):
    form.values = {**form.values, "gain": 9}
    seen = len(form.seen)
    form.replace(Choice("data", ("mills", "cars"), "mills", labels=("A", "B")), data="mills")
    assert form.values["data"] == "mills"
    assert form.values["life"] == 2
    assert form.fields[3]["options"] == [["mills", "A"], ["cars", "B"]]
    assert form.values["gain"] == 9
    # Whoever brought the data shows them himself.
    assert len(form.seen) == seen
    with pytest.raises(AppError, match="no control 'evil'"):
        form.replace(Switch("evil", False))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(7.25, 7.25), (-1e12, -50.0), ("7", 3.0), (None, 3.0), (float("nan"), 3.0), (True, 3.0)],
)
def test_a_typed_number_stays_within_its_limits(text, sent, kept):
    form = Controls([Number("gain", 3.0, -50.0, 50.0)], {"start": {}}, text, lambda _: None)
    assert form.fields[0] == {
        "name": "gain", "label": "Gain", "hint": "", "kind": "number",
        "low": -50.0, "high": 50.0, "unit": "%/°C",
    }  # fmt: skip
    form.values = {"gain": sent}
    assert form.values == {"gain": kept}
    form.replace(Number("gain", 3.0, unit="bar"))
    assert form.fields[0]["unit"] == "bar"
