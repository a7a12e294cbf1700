"""From opening an app to its first figure, beside stock Voila on the same notebook.

Both servers are up before the first visitor comes, each with its own settings: ours with a warm
kernel for each app, stock Voila as `voila FOLDER` starts it. Each visit waits until both are at
rest.
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

import psutil
from figure import Figure
from playwright.sync_api import Browser, sync_playwright

APPS = Path(__file__).resolve().parent.parent / "labs" / "apps"
# Stock Voila takes several times as long, and strays less.
VISITS, VISITS_STOCK = 3, 2
CHROMIUM = [
    *("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# The first thing that shows data: a picture in the page, or the canvas of the live figure.
FIGURE = "main img[alt], .jp-OutputArea-output img, canvas[data-frames]"
# A server is at rest when all its processes together took less than this share of a core.
REST_SHARE, REST_SECONDS, REST_TIMEOUT = 0.2, 0.5, 180.0


@contextlib.contextmanager
def server(module: str, folder: Path = APPS, *options: str) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a folder of apps; yields the address and the server's process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = psutil.Popen(
        [sys.executable, "-m", module, folder, f"--port={port}", "--no-browser", *options],
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
        yield address, process
    finally:
        process.terminate()
        process.wait()


def seconds_of_work(process: psutil.Process) -> float:
    """Return the processor time (s) of a server and its kernels so far."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system
    return total


def rest(process: psutil.Process) -> None:
    """Wait until a server has made the kernels for its next visitors."""
    deadline = time.monotonic() + REST_TIMEOUT
    while time.monotonic() < deadline:
        before = seconds_of_work(process)
        time.sleep(REST_SECONDS)
        # Less than before: a kernel has ended meanwhile, and took its time with it.
        if 0 <= seconds_of_work(process) - before < REST_SHARE * REST_SECONDS:
            return
    raise RuntimeError("The server does not come to rest; see what its kernels do.")


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
        server("millwright_labs.voila") as (ours, our_process),
        server("voila") as (stock, stock_process),
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM
        )
        for name in names:
            here, there = [], []
            for visit in range(VISITS):
                rest(our_process)
                here.append(seconds_to_figure(browser, f"{ours}/voila/render/{name}.ipynb"))
                if visit < VISITS_STOCK:
                    # Our kernel for the next visitor must not take time from stock Voila.
                    rest(our_process)
                    rest(stock_process)
                    there.append(seconds_to_figure(browser, f"{stock}/voila/render/{name}.ipynb"))
                    rest(stock_process)
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
