import os
import sys
from pathlib import Path

import pytest
from millwright_data import store

APPS = Path(__file__).parents[2] / "labs" / "apps"


@pytest.fixture(scope="session")
def apps_folder() -> Path:
    """Return the folder with the apps' notebooks and text."""
    return APPS


def forget():
    """Let the apps look for their data anew."""
    for name, module in list(sys.modules.items()):
        if name.startswith("millwright_labs.apps."):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


@pytest.fixture
def without_data(monkeypatch, tmp_path):
    """Take away mirror and cache: the server has no data set."""
    monkeypatch.delenv(store.MIRROR_VARIABLE, raising=False)
    monkeypatch.setenv(store.CACHE_VARIABLE, str(tmp_path))
    forget()
    yield
    forget()


@pytest.fixture
def with_data(monkeypatch, tmp_path):
    """Give the mirror with all data sets; tests that need it are skipped where there is none."""
    mirror = os.environ.get(store.MIRROR_VARIABLE, "")
    if not Path(mirror or "nowhere").is_dir():
        pytest.skip(f"{store.MIRROR_VARIABLE} names no folder: measured data are not shown here")
    monkeypatch.setenv(store.CACHE_VARIABLE, str(tmp_path))
    forget()
    yield
    forget()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.failed = report.failed
    return report
