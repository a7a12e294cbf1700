"""A health model of the pump, trained once for all tests here."""

import pytest
from millwright_labs.edge import HealthModel, training
from pump_model import Trained


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    path = tmp_path_factory.mktemp("edge") / "pump.onnx"
    data = training.runs(84, seed=0)
    pipeline = training.train(data)
    training.export(pipeline, data, path)
    return Trained(data, pipeline, path, HealthModel.load(path))
