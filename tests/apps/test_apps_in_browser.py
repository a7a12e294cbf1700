"""A visitor in a real browser, by keyboard, at desk and phone width."""

import base64
import contextlib
import importlib
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from key_to_pixel import key_to_pixel
from millwright_labs.voila import CONFIG_FOLDER
from PIL import Image, ImageFilter
from playwright.sync_api import expect, sync_playwright

pytestmark = pytest.mark.browser

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
# A preset of each app in which every control matters: without windup, anti-windup does nothing.
TELLING = {
    "bearing-envelope": "Inner race",
    "health-check": "Day and night",
    "hydraulic-monitor": "Cooler fouls",
    "kalman-incubator": "Open lid",
    "live-twin": "What if",
    "loop-shaping-z": "Slow controller",
    "mill-gauge": "Roll not round",
    "partner-match": "Best sum",
    "pid-furnace": "Windup",
    "pitch-mpc": "Load aft",
    "quarter-car": "Weak actuator",
    "tool-wear": "A slow tool",
    "turbofan-life": "Honest",
    "weibull-life": "Most still run",
}
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
BASE_URL = "/services/demos/"
RESULTS = Path(__file__).parents[2] / "test-results"
CHROMIUM = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Widget managers of Voila 0.5 were built for JupyterLab 4.2 and say so about every newer one.
KNOWN_WARNINGS = re.compile(r"Unsatisfied version|No satisfying version")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def serving(command, address, log, **environment):
    """Run a server until the block ends; it must answer at the address and log no traceback."""
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
    try:
        deadline = time.monotonic() + 120
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                urllib.request.urlopen(address, timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield
        assert "Traceback" not in log.read_text()
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def server(apps_folder, tmp_path_factory):
    """Start Voila as a hub would, below a path of its own, and return its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}{BASE_URL}"
    command = ["-m", "millwright_labs.voila", str(apps_folder), "--Voila.ip=127.0.0.1"]
    command += [f"--port={port}", f"--base_url={BASE_URL}"]
    with serving(command, address, tmp_path_factory.mktemp("voila") / "voila.log"):
        yield address


@pytest.fixture(scope="module")
def chromium():
    path = shutil.which("chromium")
    assert path, "The browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield browser
        browser.close()


class Visitor:
    """Opens pages in a browser of his own and notes everything that goes wrong on them."""

    def __init__(self, chromium, server):
        self.chromium, self.server = chromium, server
        self.wrong, self.contexts = [], []

    def open(self, path="", viewport=DESK):
        context = self.chromium.new_context(viewport=viewport)
        self.contexts.append(context)
        page = context.new_page()
        page.on("request", self._asked)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.on("console", self._logged)
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        # On a busy machine the warm kernels of all apps are still being made.
        page.goto(self.server + path, timeout=90_000)
        if path.endswith(".ipynb"):
            page.wait_for_selector(".mw-app canvas[data-frames]", timeout=90_000)
        return page

    def photograph(self, name):
        RESULTS.mkdir(exist_ok=True)
        for number, context in enumerate(self.contexts):
            for page in context.pages:
                page.screenshot(path=RESULTS / f"{name}-{number}.png", full_page=True)

    def leave(self):
        for context in self.contexts:
            context.close()

    def _asked(self, request):
        parts = urlsplit(request.url)
        here = urlsplit(self.server).netloc
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != here:
            self.wrong.append(f"asked another host: {request.url}")

    def _failed(self, request):
        # Leaving a page stops its kernel by a beacon whose answer nobody waits for.
        if "/voila/api/shutdown/" not in request.url:
            self.wrong.append(f"failed: {request.url}")

    def _answered(self, response):
        if response.status >= 400:
            self.wrong.append(f"{response.status}: {response.url}")

    def _logged(self, message):
        if message.type == "error" and not KNOWN_WARNINGS.search(message.text):
            self.wrong.append(f"console: {message.text}")


@pytest.fixture(scope="module")
def at_desk(chromium, server):
    """Return the pages that are open on a desk, one for each app, for all tests of this module."""
    visitor, pages = Visitor(chromium, server), {}

    def page(name):
        if name not in pages:
            pages[name] = visitor.open(app_path(name))
        return pages[name]

    page.visitor = visitor
    yield page
    visitor.leave()


@pytest.fixture
def desk(at_desk, request):
    """Return the open page of the app that the test names, reset; nothing may go wrong on it."""
    page = at_desk(request.getfixturevalue("name"))
    page.get_by_role("button", name="Reset").press("Enter")
    expect(presets(page).first).to_have_attribute("aria-pressed", "true", timeout=20_000)
    yield page
    wrong, at_desk.visitor.wrong = at_desk.visitor.wrong, []
    if failed(request) or wrong:
        at_desk.visitor.photograph(slug(request))
    assert not wrong


@pytest.fixture
def visitor(chromium, server, request):
    """Return a new visitor; nothing may go wrong on the pages that he opens."""
    visitor = Visitor(chromium, server)
    yield visitor
    if failed(request) or visitor.wrong:
        visitor.photograph(slug(request))
    visitor.leave()
    assert not visitor.wrong


def failed(request):
    """Return whether the test's own part failed, as conftest.py notes it."""
    return getattr(request.node, "failed", False)


def slug(request):
    return re.sub(r"\W+", "-", request.node.name).strip("-")


def app_path(name):
    return f"voila/render/{name}.ipynb"


def presets(page):
    return page.locator(".mw-controls [role=group] button")


def alt(page):
    return page.locator("canvas[role=img]").get_attribute("aria-label")


def pixels(page):
    return page.locator("canvas").evaluate("canvas => canvas.toDataURL()")


def painted(page):
    return page.locator("canvas").get_attribute("data-frames")


def numbers(page):
    return page.locator(".mw-numbers dd").all_inner_texts()


def wait_for_change(page, before, what=pixels):
    deadline = time.monotonic() + 20
    while what(page) == before:
        assert time.monotonic() < deadline, "nothing moved"
        page.wait_for_timeout(25)


def no_scroll_sideways(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_first_page_lists_the_apps_without_script_or_kernel(visitor):
    page = visitor.open()
    expect(page).to_have_title("Millwright demonstrations")
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == 1
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("script").count() == 0
    links = page.locator(".mw-card a")
    assert links.count() == len(NAMES)
    page.keyboard.press("Tab")
    expect(links.first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_selector(".mw-app canvas[data-frames]", timeout=90_000)
    page.get_by_role("link", name="All demonstrations").click()
    expect(page.locator(".mw-card")).to_have_count(len(NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_well_formed(desk, name):
    page = desk
    for tag, count in {"h1": 1, "main": 1, "canvas": 1, "form": 1, "fieldset": 1}.items():
        assert page.locator(tag).count() == count, tag
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title().endswith("· Millwright")
    assert len(alt(page)) > 100
    # No code, no traceback, no left-over of the loading page.
    assert not re.search(
        r"Traceback|import |error when executing", page.locator("body").inner_text()
    )
    assert page.locator(".mw-first").is_hidden()
    assert page.locator(".mw-starting").is_hidden()
    identifiers = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(identifiers) == len(set(identifiers))


@pytest.mark.parametrize("name", NAMES)
def test_every_control_has_a_name_and_works_from_the_keyboard(desk, name):
    page = desk
    controls = page.locator(".mw-controls :is(input, select)")
    assert controls.count() >= 4
    for number in range(controls.count()):
        start = page.get_by_role("button", name=TELLING[name], exact=True)
        start.press("Enter")
        expect(start).to_have_attribute("aria-pressed", "true", timeout=20_000)
        page.wait_for_timeout(100)
        control = controls.nth(number)
        label = page.locator(f"label[for={control.get_attribute('id')}]").inner_text()
        assert label.strip()
        control.focus()
        assert control.evaluate(
            "e => e.matches(':focus-visible') && getComputedStyle(e).outlineStyle !== 'none'"
        )
        before, shown = control.evaluate(value_of), (pixels(page), alt(page), numbers(page))
        kind = control.get_attribute("type") or "select"
        keys = KEYS[kind]
        if kind == "select" and control.evaluate("e => e.selectedIndex") == 0:
            keys = ["ArrowDown"]
        if kind == "range" and control.evaluate("e => e.value === e.max"):
            keys = ["Home"]
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_timeout(50)
        assert control.evaluate(value_of) != before or kind == "range", label
        wait_for_change(page, shown, lambda page: (pixels(page), alt(page), numbers(page)))


KEYS = {
    "range": ["Home", "End"],
    "checkbox": ["Space"],
    "select": ["ArrowUp"],
    "number": ["ArrowUp"],
}
value_of = "e => e.type === 'checkbox' ? String(e.checked) : e.value"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("kalman-incubator", "Process noise Q"),
        ("loop-shaping-z", "Position gain"),
        ("mill-gauge", "Gaugemeter C"),
        ("pid-furnace", "Gain"),
        ("pitch-mpc", "Weight of the pitch error"),
        ("quarter-car", "a travel of"),
        ("weibull-life", "Shape"),
    ],
)
def test_a_few_keys_move_figure_words_and_numbers(desk, name, label):
    page = desk
    slider = page.get_by_label(label, exact=False).first
    slider.focus()
    said, shown, picture = alt(page), numbers(page), pixels(page)
    text = page.locator(".mw-controls output").all_inner_texts()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    wait_for_change(page, picture)
    wait_for_change(page, said, alt)
    assert numbers(page) != shown
    assert page.locator(".mw-controls output").all_inner_texts() != text
    # No preset is pressed any more.
    assert page.locator("button[aria-pressed=true]").count() == 0
    # The last moves may still be under way.
    page.get_by_role("button", name="Reset").press("Enter")
    expect(page.locator("canvas")).to_have_attribute("aria-label", said, timeout=20_000)
    expect(page.locator(".mw-numbers dd")).to_have_text(shown)


# The first move is sent; the others wait in the browser until the kernel has answered, and the
# button does not. What is moved after the button belongs to what it brings.
MOVE_AND_PRESS = """([slider, button, other]) => {
  const move = (slider) => {
    slider.stepUp();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  };
  for (let k = 0; k < 4; k++) move(slider);
  button.click();
  if (other) move(other);
}"""


@pytest.mark.parametrize("then_moved", [False, True], ids=["last", "before-a-move"])
@pytest.mark.parametrize("label", ["Reset", "Windup"])
@pytest.mark.parametrize("name", ["pid-furnace"])
def test_a_button_is_not_undone_by_moves_that_are_under_way(desk, name, label, then_moved):
    page = desk
    slider, other = page.locator(".mw-controls input[type=range]").all()[:2]
    button = page.get_by_role("button", name=label, exact=True)
    example = presets(page).first if label == "Reset" else button
    button.press("Enter")
    expect(example).to_have_attribute("aria-pressed", "true", timeout=20_000)
    page.wait_for_timeout(500)
    said, value, frames = alt(page), slider.input_value(), painted(page)
    if then_moved:
        other.press("ArrowRight")
        wait_for_change(page, said, alt)
        said, frames = alt(page), painted(page)
        slider.press("ArrowRight")
        wait_for_change(page, said, alt)
        other.press("ArrowLeft")
    handles = [slider.element_handle(), button.element_handle()]
    page.evaluate(MOVE_AND_PRESS, [*handles, other.element_handle() if then_moved else None])
    wait_for_change(page, frames, painted)
    page.wait_for_timeout(1500)
    expect(page.locator("canvas")).to_have_attribute("aria-label", said, timeout=20_000)
    expect(slider).to_have_value(value)
    expect(example).to_have_attribute("aria-pressed", str(not then_moved).lower())
    # The next move counts again.
    slider.press("ArrowRight")
    wait_for_change(page, said, alt)
    assert slider.input_value() != value


def in_memory(data):
    return {"name": "mine.csv", "mimeType": "text/csv", "buffer": data}


@pytest.mark.parametrize("name", ["health-check", "partner-match"])
def test_a_visitor_chooses_files_and_takes_files_away(desk, name, tmp_path):
    page = desk
    field, said = page.locator(".mw-files input"), page.locator(".mw-files [role=status]")
    problem = page.locator(".mw-files [role=alert]")
    with page.expect_download() as download:
        page.get_by_role("button", name="Example as CSV").press("Enter")
    data = Path(download.value.path()).read_bytes()
    before = alt(page)
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(1_000_000_000)
    for wrong, words in (
        (huge, "1000 MB"),
        (in_memory(b"PK\x03\x04"), "packed file"),
        (in_memory(b"kind,name\n\n1,2,3\n4,5\n6,7\n"), "Line 3 has 3 fields"),
    ):
        field.set_input_files(wrong)
        expect(problem).to_contain_text(words, timeout=20_000)
        expect(said).to_be_empty()
        assert alt(page) == before
    field.set_input_files(in_memory(data.decode("utf-8-sig").encode("utf-16")))
    expect(said).to_contain_text("mine.csv", timeout=20_000)
    expect(problem).to_be_hidden()
    assert page.locator(".mw-controls select").first.input_value() == "own"
    assert page.locator(".mw-tables table").count() == 3
    assert page.locator(".mw-tables table > caption").count() == 3
    with page.expect_download() as download:
        page.locator(".mw-files button").first.press("Enter")
    assert Path(download.value.path()).stat().st_size > 500


@pytest.mark.parametrize("name", ["health-check"])
def test_a_limit_is_typed(desk, name):
    page, before = desk, alt(desk)
    field = page.get_by_role("spinbutton", name="Limit")
    field.fill("")
    page.keyboard.type("85.5", delay=60)
    expect(page.locator("canvas[role=img]")).to_have_attribute(
        "aria-label", re.compile(r"limit of 85\.5 °C"), timeout=20_000
    )
    assert field.input_value() == "85.5"
    assert alt(page) != before


# For each piece of text on the page: what it says, its contrast to what is behind it, and what
# WCAG 2.2 level AA asks for (large text may be paler). For borders of controls: 3.
CONTRASTS = """() => {
  const parse = (css) => css.match(/[\\d.]+/g).map(Number);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((part) => part / 255).map(
      (c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const seen = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.tagName)) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    seen.push([text, contrast(parse(style.color), ground(element)), large ? 3 : 4.5]);
  }
  for (const element of document.querySelectorAll(".mw-app :is(button, select)")) {
    const edge = parse(getComputedStyle(element).borderTopColor);
    seen.push([element.outerHTML, contrast(edge, ground(element.parentElement)), 3]);
  }
  return seen;
}"""


@pytest.mark.parametrize("name", NAMES)
def test_every_word_and_every_edge_stands_out_from_its_ground(desk, name):
    page = desk
    page.locator(".mw-question input").first.check()
    expect(page.locator(".mw-question [role=status]")).not_to_be_empty(timeout=20_000)
    seen = page.evaluate(CONTRASTS)
    assert len(seen) > 30
    assert [entry for entry in seen if entry[1] < entry[2]] == []


def test_every_word_of_the_first_page_stands_out(visitor):
    seen = visitor.open().evaluate(CONTRASTS)
    assert len(seen) > 3 * len(NAMES)
    assert [entry for entry in seen if entry[1] < entry[2]] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_are_read_aloud_when_the_hand_rests(desk, name):
    page = desk
    status = page.locator(".mw-numbers [role=status]")
    page.wait_for_timeout(900)
    before = status.text_content()
    presets(page).last.press("Enter")
    expect(presets(page).last).to_have_attribute("aria-pressed", "true", timeout=20_000)
    expect(page.locator(".mw-hint")).not_to_be_empty()
    expect(status).not_to_have_text(before, timeout=20_000)
    for number in numbers(page):
        assert number in status.text_content()


@pytest.mark.parametrize("name", NAMES)
def test_the_question_answers_at_once(desk, name):
    page = desk
    verdict = page.locator(".mw-question [role=status]")
    options = page.locator(".mw-question input")
    options.first.focus()
    page.keyboard.press("Space")
    # Its verdict may still be on its way; the first one read below must not be this one.
    expect(verdict).not_to_be_empty(timeout=20_000)
    marks = []
    for _ in range(options.count()):
        before = verdict.text_content()
        page.keyboard.press("ArrowDown")
        expect(verdict).not_to_have_text(before, timeout=20_000)
        marks.append(verdict.text_content()[0])
    assert sorted(marks) == sorted(["✓"] + ["✗"] * (options.count() - 1))


@pytest.mark.parametrize("name", ["", *map(app_path, NAMES)])
def test_a_phone_shows_everything_without_scrolling_sideways(visitor, name):
    page = visitor.open(name, viewport=PHONE)
    page.wait_for_timeout(1000)
    assert no_scroll_sideways(page)
    if not name:
        return
    canvas = page.locator("canvas")
    # Laid out for this width, not shrunk: two pixels drawn for each on the page.
    assert canvas.evaluate("c => c.width / c.clientWidth") == pytest.approx(2, abs=0.02)
    # The figure stays in sight while a hand is on the last control.
    page.locator(".mw-controls :is(input, select)").last.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box["y"] >= -1
    assert box["y"] + box["height"] < PHONE["height"]


def test_zoomed_in_to_320_pixels_nothing_is_lost(visitor):
    page = visitor.open(app_path("weibull-life"), viewport={"width": 320, "height": 256})
    page.wait_for_timeout(500)
    assert no_scroll_sideways(page)


@pytest.mark.parametrize("name", NAMES)
def test_the_canvas_shows_what_matplotlib_would(desk, name, apps_folder):
    """The same scene drawn by Agg and by the browser: no line may be missing or elsewhere."""
    page = desk
    size = page.locator("canvas").evaluate("c => [c.width, c.height]")
    data = pixels(page).split(",")[1]
    shown = Image.open(io.BytesIO(base64.b64decode(data))).convert("L")
    module = importlib.import_module(f"millwright_labs.apps.{name.replace('-', '_')}")
    app = module.app(apps_folder / "text")
    app.figure.width = size[0] / 2
    drawn = Image.open(io.BytesIO(app.figure.png())).convert("L")
    assert list(drawn.size) == size
    # Agg moves markers to whole pixels and the canvas does not. A line that is missing, or off by
    # its own width, differs by more than 100.
    one, other = (
        np.asarray(picture.filter(ImageFilter.BoxBlur(2)), dtype=float)
        for picture in (shown, drawn)
    )
    assert np.abs(one - other).max() < 70
    assert np.abs(one - other).mean() < 0.5


def test_a_visitor_gets_no_code_and_no_kernel_of_his_own(server):
    for path in (
        "voila/files/pid-furnace.ipynb",
        "voila/files/text/pid-furnace.en.toml",
        "voila/files/config/voila.py",
        "api/contents",
        "api/kernels",
        "voila/render/../../pyproject.toml",
        "files/pid-furnace.ipynb",
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(server + path, timeout=20)
        assert refused.value.code in (403, 404)


def test_the_page_is_there_before_its_scripts(server):
    page = urllib.request.urlopen(server + app_path("pid-furnace"), timeout=90)
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    text = page.read().decode()
    assert "<h1>PID on a furnace zone</h1>" in text
    assert 'src="data:image/png;base64,' in text
    assert "millwright_labs" not in re.sub(r'"anywidget_id": "[^"]*"', "", text)
    config = json.loads(re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', text, re.S)[1])
    loaded = {extension["name"] for extension in config["federated_extensions"]}
    assert "@jupyter/nbgrader" not in loaded
    assert "anywidget" in loaded


@pytest.mark.parametrize("name", NAMES)
def test_every_key_press_becomes_one_picture(desk, name):
    times = key_to_pixel(desk, desk.locator(".mw-controls input[type=range]").first, presses=6)
    assert len(times) == 6
    assert all(time > 0 for time in times)


KERNEL = """() => {
  const config = JSON.parse(document.getElementById("jupyter-config-data").textContent);
  return `api/kernels/${config.kernelId}`;
}"""


def kernel_runs(server, kernel):
    try:
        return urllib.request.urlopen(server + kernel, timeout=20).status == 200
    except urllib.error.HTTPError as refused:
        if refused.code != 404:
            raise
        return False


def test_who_leaves_a_page_frees_its_kernel(visitor, server):
    page = visitor.open(app_path("weibull-life"))
    kernel = page.evaluate(KERNEL)
    assert kernel_runs(server, kernel)
    page.goto(server)
    deadline = time.monotonic() + 30
    while kernel_runs(server, kernel):
        assert time.monotonic() < deadline
        page.wait_for_timeout(300)


def test_a_page_whose_kernel_was_stopped_says_so(visitor, server):
    page = visitor.open(app_path("weibull-life"))
    notice = page.get_by_role("alert")
    look = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(look)
    page.wait_for_timeout(500)
    expect(notice).to_be_hidden()
    page.evaluate("() => window.dispatchEvent(new Event('beforeunload'))")
    deadline = time.monotonic() + 30
    while notice.is_hidden():
        assert time.monotonic() < deadline
        page.wait_for_timeout(500)
        page.evaluate(look)
    page.get_by_role("button", name="Reload").press("Enter")
    page.wait_for_selector(".mw-app canvas[data-frames]", timeout=90_000)
    expect(notice).to_be_hidden()
    # That the kernel was gone is the point here; the browser noted each answer that said so.
    visitor.wrong.clear()


def test_a_wrong_address_gets_a_page_with_a_way_home(chromium, server):
    page = chromium.new_page()
    assert page.goto(server + "voila/render/none.ipynb").status == 404
    expect(page.locator("h1")).to_have_text("404")
    page.get_by_role("link", name="Millwright").click()
    expect(page.locator(".mw-card")).to_have_count(len(NAMES))
    page.close()


def test_binder_lands_on_the_first_page_and_its_links_lead_to_the_apps(
    chromium, apps_folder, tmp_path
):
    """Voila inside a visitor's own Jupyter server, with the whole repository below its root."""
    port, repository = free_port(), apps_folder.parents[1]
    address = f"http://127.0.0.1:{port}/user/visitor-1/"
    command = ["-m", "jupyter_server", f"--ServerApp.root_dir={repository}"]
    command += [f"--port={port}", "--ServerApp.base_url=/user/visitor-1/", "--no-browser"]
    command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0", "--allow-root"]
    command += ["--IdentityProvider.token=secret"]
    places = {"JUPYTER_CONFIG_PATH": str(CONFIG_FOLDER), "HOME": str(tmp_path)}
    with serving(command, address + "api", tmp_path / "server.log", **places):
        visitor = Visitor(chromium, address)
        page = visitor.open("voila/tree/labs/apps?token=secret")
        expect(page.locator(".mw-card")).to_have_count(len(NAMES))
        page.locator(".mw-card a").last.click()
        page.wait_for_selector(".mw-app canvas[data-frames]", timeout=90_000)
        said = alt(page)
        page.locator(".mw-controls input[type=range]").first.press("ArrowRight")
        wait_for_change(page, said, alt)
        page.get_by_role("link", name="All demonstrations").click()
        expect(page.locator(".mw-card")).to_have_count(len(NAMES))
        visitor.leave()
        assert not visitor.wrong
