from pathlib import Path

import pytest

APPS = Path(__file__).parents[2] / "labs" / "apps"


@pytest.fixture(scope="session")
def apps_folder() -> Path:
    """Return the folder with the apps' notebooks and text."""
    return APPS


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.failed = report.failed
    return report
