"""Fixtures of the hub's tests: a folder that other accounts can pass, and two classes."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import stand_in
from running import ROOT, RunningHub

sys.path.append(str(ROOT / "hub" / "local"))


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
