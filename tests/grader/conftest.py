from pathlib import Path

import pytest
from coursework import Course


@pytest.fixture(scope="session")
def fresh_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course with two assignments, released to the exchange; to be copied, not changed."""
    course = Course(tmp_path_factory.mktemp("fresh") / "course", units=("ps1", "ps0"))
    released = course.api().release_assignment("ps1")
    assert released["success"], released
    return course


@pytest.fixture
def course(fresh_course: Course, tmp_path: Path) -> Course:
    """A course of the test's own."""
    return fresh_course.copy(tmp_path / "course")


@pytest.fixture(scope="module")
def shared_course(fresh_course: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course that all tests of a file share."""
    return fresh_course.copy(tmp_path_factory.mktemp("class") / "course")
