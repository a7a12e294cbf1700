"""A visitor opens the demos without a login."""

from collections.abc import Callable

import pytest
from browsing import Visit
from playwright.sync_api import expect
from running import RunningHub

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_visitor_opens_a_demo(school: RunningHub, meet: Callable[[str], Visit]) -> None:
    visitor = meet("visitor")
    page = visitor.open("/")
    page.get_by_role("link", name="Open the demos").click()
    page.get_by_role("link", name="PID on a furnace zone").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("slider").first).to_be_visible()
    assert "def " not in page.inner_text("body")
