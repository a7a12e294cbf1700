"""People in a real browser, and a record of everything that went wrong on their pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    sync_playwright,
)
from running import ROOT, RunningHub

RESULTS = ROOT / "test-results"
WINDOW: ViewportSize = {"width": 1280, "height": 800}
# Milliseconds; a busy machine starts a server in half a minute.
PATIENCE = 120_000
CHROMIUM_OPTIONS = [
    *("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's or anybody's Chromium; Playwright's own download is not needed."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.fail("no Chromium found; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


class Visit:
    """One person's browser: its pages, and what was wrong with them."""

    def __init__(self, browser: Browser, hub: RunningHub, name: str) -> None:
        self.hub = hub
        self.name = name
        self.problems: list[str] = []
        self.context: BrowserContext = browser.new_context(viewport=WINDOW)
        self.context.set_default_timeout(PATIENCE)
        self.context.on("page", self._watch)

    def _watch(self, page: Page) -> None:
        ours = (self.hub.url, self.hub.url.replace("http", "ws"), "data:", "blob:", "about:")

        def note(problem: str) -> None:
            self.problems.append(f"{self.name}: {problem}")

        def console(message: ConsoleMessage) -> None:
            if message.type == "error":
                note(message.text)

        page.on("request", lambda r: None if r.url.startswith(ours) else note(f"asks {r.url}"))
        page.on("response", lambda r: note(f"{r.status} from {r.url}") if r.status >= 400 else None)
        page.on("pageerror", lambda error: note(f"error: {error}"))
        page.on("console", console)

    def open(self, path: str) -> Page:
        """Open a page of the hub."""
        page = self.context.new_page()
        page.goto(f"{self.hub.url}{path}")
        return page

    def sign_in(self) -> Page:
        """Sign in and wait for the welcome page in JupyterLab."""
        page = self.open("/")
        page.fill("#username_input", self.name)
        page.fill("#password_input", self.hub.passwords[self.name])
        page.click("#login_submit")
        page.wait_for_selector("h1:has-text('Welcome to Millwright')")
        return page

    def keep_screenshots(self, name: str) -> None:
        """Keep what this person sees now."""
        RESULTS.mkdir(exist_ok=True)
        for number, page in enumerate(self.context.pages):
            page.screenshot(path=RESULTS / f"{name}-{self.name}-{number}.png")


def choose(page: Page, *path: str) -> None:
    """Use JupyterLab's menu, one name for each level."""
    menu, *between, item = path
    page.click(f".lm-MenuBar-itemLabel:text-is('{menu}')")
    for label in between:
        page.hover(f".lm-Menu-itemLabel:text-is('{label}')")
    page.click(f".lm-Menu-itemLabel:text-is('{item}')")
