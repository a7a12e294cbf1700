"""From opening an app to its first figure, beside stock Voila on the same notebook.

Both servers are up before the first visitor comes, each with its own settings: ours with a warm
kernel for each app, stock Voila as `voila FOLDER` starts it.
"""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from figure import Figure
from playwright.sync_api import Browser, sync_playwright

APPS = Path(__file__).resolve().parent.parent / "labs" / "apps"
VISITS = 3
CHROMIUM = [
    *("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# The first thing that shows data: a picture in the page, or the canvas of the live figure.
FIGURE = "main img[alt], .jp-OutputArea-output img, canvas[data-frames]"
BETWEEN_SECONDS = 6.0  # in which the next warm kernel is made


@contextlib.contextmanager
def server(module: str) -> Iterator[str]:
    """Serve the apps' folder; yields the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", module, APPS, f"--port={port}", "--no-browser"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(address, timeout=5).close()
                break
            time.sleep(0.3)
        yield address
    finally:
        process.terminate()
        process.wait()


def seconds_to_figure(browser: Browser, address: str) -> float:
    """Return the seconds from the request to the first figure in the page."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    began = time.monotonic()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(FIGURE, state="attached", timeout=120_000)
    seconds = time.monotonic() - began
    page.close()
    return seconds


def measure() -> list[Figure]:
    """Open each app some times on both servers, in turn."""
    names = sorted(path.stem for path in APPS.glob("*.ipynb"))
    figures = []
    with (
        sync_playwright() as playwright,
        server("millwright_labs.voila") as ours,
        server("voila") as stock,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM
        )
        for name in names:
            here, there = [], []
            for _ in range(VISITS):
                time.sleep(BETWEEN_SECONDS)
                here.append(seconds_to_figure(browser, f"{ours}/voila/render/{name}.ipynb"))
                there.append(seconds_to_figure(browser, f"{stock}/voila/render/{name}.ipynb"))
            figures.append(
                Figure(
                    name=f"app_open_{name}",
                    value=median(here),
                    unit="s to the first figure",
                    peer="voila 0.5.13, the same notebook",
                    peer_value=median(there),
                    better="lower",
                    command="make bench ARGS=apps",
                )
            )
    return figures
