"""Fixtures of the hub's tests: a folder that other accounts can pass, two classes, a browser."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import stand_in
from browsing import RESULTS, Visit, chromium
from running import ROOT, RunningHub

sys.path.append(str(ROOT / "hub" / "local"))

FAILED = pytest.StashKey[bool]()


def open_folder() -> Path:
    """A temporary folder that numeric accounts can pass through; pytest's own is closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="millwright-hub-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    folder = open_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def small_class(folder: Path) -> Iterator[RunningHub]:
    """A class with a stand-in course; a test starts it (`ensure`) and may leave it running."""
    stand_in.make_course(folder / "courses")
    hub = RunningHub(folder / "state", folder / "courses", folder / "apps")
    yield hub
    hub.close()


@pytest.fixture(scope="session")
def school() -> Iterator[RunningHub]:
    """The demo class as `make run` starts it, with the real courses and apps."""
    folder = open_folder()
    hub = RunningHub(folder / "state", ROOT / "courses", ROOT / "labs" / "apps")
    try:
        yield hub.start()
    finally:
        hub.close()
        shutil.rmtree(folder)


@pytest.fixture
def meet(school: RunningHub, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Visit]]:
    """Call it with a name to get that person's browser; at the end no page may have a problem."""
    visits: list[Visit] = []
    with chromium() as browser:

        def person(name: str) -> Visit:
            visits.append(Visit(browser, school, name))
            return visits[-1]

        yield person
        problems = [problem for visit in visits for problem in visit.problems]
        if problems or request.node.stash.get(FAILED, False):
            for visit in visits:
                visit.keep_screenshots(request.node.name)
            shutil.copy(school.state / "hub" / "hub.log", RESULTS / f"{request.node.name}.log")
    assert not problems


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell fixtures whether the test itself failed."""
    report = yield
    if report.when == "call" and report.failed:
        item.stash[FAILED] = True
    return report
