"""One live machine for all tests, and a network before it that can be cut."""

from collections.abc import Iterator

import pytest
from relay import Relay
from served import Served, served


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A furnace at a hundred times its speed: a hundred samples a second."""
    folder = tmp_path_factory.mktemp("plant")
    with served(folder, "furnace_zone", "--seed", "4", "--speed", "100") as running:
        yield running


@pytest.fixture
def relay(plant: Served) -> Iterator[Relay]:
    """A network between us and the plant, that can be cut."""
    with Relay(plant.port) as between:
        yield between
