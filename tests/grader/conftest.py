from collections.abc import Callable
from pathlib import Path

import pytest
from coursework import Course


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course with one assignment, released to nobody yet."""
    return Course(tmp_path / "course")


@pytest.fixture(scope="module")
def make_course(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Course]:
    """Courses that all tests of a file share."""

    def make(**options: object) -> Course:
        return Course(tmp_path_factory.mktemp("class") / "course", **options)

    return make
