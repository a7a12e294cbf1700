"""A health model of the pump, trained once for all tests here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from millwright_labs.edge import HealthModel, training


@dataclass
class Trained:
    """What was trained, on what, and the file."""

    data: training.Data
    pipeline: Any
    path: Path
    model: HealthModel


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    path = tmp_path_factory.mktemp("edge") / "pump.onnx"
    data = training.runs(84, seed=0)
    pipeline = training.train(data)
    training.export(pipeline, data, path)
    return Trained(data, pipeline, path, HealthModel.load(path))
