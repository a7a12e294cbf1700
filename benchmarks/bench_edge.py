"""A health model at the edge: one window after another, in onnxruntime and in scikit-learn."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from figure import Figure
from millwright_labs.edge import HealthModel, training

RUNS = 60
ROUNDS = 7
ROWS = 400


def rows_per_second(judge: Callable[[np.ndarray], object], rows: np.ndarray) -> float:
    """Return how many rows a second of CPU time `judge` takes, one row at a time."""
    began = time.process_time()
    for row in rows:
        judge(row[np.newaxis])
    return len(rows) / (time.process_time() - began)


def measure() -> list[Figure]:
    """Train the pump's model, and judge the same rows by both, in turn."""
    data = training.runs(RUNS)
    pipeline = training.train(data)
    with tempfile.TemporaryDirectory() as folder:
        training.export(pipeline, data, Path(folder) / "pump.onnx")
        model = HealthModel.load(Path(folder) / "pump.onnx")
    rows = np.resize(data.X, (ROWS, data.X.shape[1]))
    here, there = [], []
    for _ in range(ROUNDS):
        here.append(rows_per_second(model.probabilities, rows))
        there.append(rows_per_second(pipeline.predict_proba, rows))
    return [
        Figure(
            "edge_inference",
            median(here),
            "rows/s",
            "scikit-learn's predict_proba",
            median(there),
            "higher",
            "python benchmarks/run.py edge",
        )
    ]
