"""From a key press on a slider to new pixels, for every app, beside plain `interact`.

The peer is what a notebook author writes first: `ipywidgets.interact` around a function that
computes the same values and draws the same curves in a new pyplot figure. Both run on one server
and are measured in one browser, each with kernels of its own.
"""

import contextlib
import importlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

from bench_apps import APPS, CHROMIUM, server
from figure import Figure
from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

sys.path.insert(0, str(APPS.parents[1] / "tests" / "apps"))
from key_to_pixel import key_to_pixel

PRESSES, PRESSES_PEER = 30, 12
ATTEMPTS = 6
# Our sliders are the browser's own; those of ipywidgets have a handle that takes the focus.
OURS, THEIRS = ".mw-controls input[type=range]", ".widget-slider .noUi-handle"
# As far as a measurement goes to the right; so far to the left it begins, to reach no end.
REACH = 5
PEER = """
from pathlib import Path
import ipywidgets, numpy as np, matplotlib.pyplot as plt
from millwright_labs.apps import {module} as app
%matplotlib inline
page = app.app(Path("text"))
values = dict(page.controls.values)
field = next(f for f in page.controls.fields if f["kind"] in ("slider", "stops"))
name, now = field["name"], values[field["name"]]
slider = (
    ipywidgets.FloatSlider(now, min=field["low"], max=field["high"], step=field["step"])
    if field["kind"] == "slider"
    else ipywidgets.SelectionSlider(options=field["stops"], value=now)
)

def draw(value):
    shown = app.show({{**values, name: value}})
    fig, lines = app.draw()
    for key, data in shown.moves.items():
        if hasattr(lines[key], "set_data"):
            lines[key].set_data(*data)
        else:
            lines[key].set_offsets(np.column_stack(data))
    plt.show()

ipywidgets.interact(draw, value=slider);
"""


def module(name: str) -> str:
    """Return the name of the module that holds an app."""
    return name.replace("-", "_")


def has_slider(name: str) -> bool:
    """Return whether an app has a slider: some only take files and choices."""
    page = importlib.import_module(f"millwright_labs.apps.{module(name)}").app(APPS / "text")
    return any(field["kind"] in ("slider", "stops") for field in page.controls.fields)


def has_peer(name: str) -> bool:
    """Return whether an app is made of `show` and `draw`, as most are."""
    code = importlib.import_module(f"millwright_labs.apps.{module(name)}")
    return hasattr(code, "show") and hasattr(code, "draw")


@contextlib.contextmanager
def with_peers(names: list[str]) -> Iterator[Path]:
    """Copy the apps' folder, with a notebook `interact-<app>` beside each app; yields the copy."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "apps"
        shutil.copytree(APPS, folder)
        for name in names:
            notebook = json.loads((APPS / f"{name}.ipynb").read_text(encoding="utf-8"))
            notebook["cells"][0]["source"] = PEER.format(module=module(name))
            text = json.dumps(notebook)
            (folder / f"interact-{name}.ipynb").write_text(text, encoding="utf-8")
        yield folder


def p95(page: Page, control: str, presses: int) -> float:
    """Return the 95th percentile (ms) of so many key presses on the first slider of a page."""
    slider = page.locator(control).first
    slider.focus()
    for _ in range(REACH):
        page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(1500)
    return quantiles(key_to_pixel(page, slider, presses), n=20, method="inclusive")[-1]


def visit(page: Page, address: str) -> None:
    """Open a page; now and then Voila, stock or ours, never ends one with `interact`'s output."""
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(TimeoutError):
            page.goto(address, timeout=20_000)
            return
    page.goto(address)


def slider_time(browser: Browser, address: str, control: str, presses: int) -> float:
    """Open an app and return the 95th percentile (ms) of its first slider."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        visit(page, address)
        page.wait_for_selector(f"{control} >> visible=true", timeout=120_000)
        page.wait_for_selector("canvas[data-frames], .jp-OutputArea-output img", timeout=120_000)
        return p95(page, control, presses)
    finally:
        page.close()


def measure() -> list[Figure]:
    """Press keys on the first slider of each app, and of its peer."""
    names = [
        name for name in sorted(path.stem for path in APPS.glob("*.ipynb")) if has_slider(name)
    ]
    peers = [name for name in names if has_peer(name)]
    figures = []
    with (
        with_peers(peers) as folder,
        # No kernel is started ahead: it would take time from what is measured.
        server("millwright_labs.voila", folder, "--preheat_kernel=False") as (address, _),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM
        )
        for name in names:
            place = f"{address}/voila/render"
            here = slider_time(browser, f"{place}/{name}.ipynb", OURS, PRESSES)
            there = None
            if name in peers:
                there = slider_time(browser, f"{place}/interact-{name}.ipynb", THEIRS, PRESSES_PEER)
            figures.append(
                Figure(
                    name=f"slider_{name}",
                    value=here,
                    unit="ms from key to pixels, p95",
                    peer="interact, a new pyplot figure" if there else None,
                    peer_value=there,
                    better="lower",
                    command="make bench ARGS=sliders",
                )
            )
    return figures
