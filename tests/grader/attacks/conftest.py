import pytest
from arena import Arena


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "attacks: what a hostile submission may try")


@pytest.fixture(scope="session")
def fresh_arena(tmp_path_factory: pytest.TempPathFactory) -> Arena:
    """The course, with nobody in it; to be copied, not changed."""
    return Arena(tmp_path_factory.mktemp("arena") / "course")


@pytest.fixture(scope="module")
def arena(
    request: pytest.FixtureRequest, fresh_arena: Arena, tmp_path_factory: pytest.TempPathFactory
) -> Arena:
    """A class of a module's `CLASS`, graded once by the command, with honest neighbours."""
    course = fresh_arena.copy(tmp_path_factory.mktemp("class") / "course")
    attackers = request.module.CLASS
    course.hold(attackers(course) if callable(attackers) else attackers)
    return course
