"""Train a health model of the pump on seeded runs, and write it as ONNX.

The pump runs at drawn pressures, supply and room temperature, which also move during a run; a
fault of drawn size is on, or none. Sensors are those of the plant. A window of five minutes gives
the features (`features`); a scaler and a small neural network give the probability of each class.

Wear of the impeller and a leak of the seal both cost flow; at one operating point nothing tells
them apart, so they are one class. Bearings are worn only as far as the pump runs safely: beyond
that the model is not to judge, and does not.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from millwright_labs import plants
from millwright_labs.edge.features import features
from millwright_labs.edge.model import METADATA, Purpose
from millwright_labs.errors import EdgeError, OperatingPointError

try:
    import skl2onnx
    import sklearn.neural_network
    import sklearn.pipeline
    import sklearn.preprocessing
except ImportError:
    raise EdgeError(
        "Training needs scikit-learn and skl2onnx, which are not installed. "
        'Install them: pip install "millwright[edge]"'
    ) from None

STATION, DT = "pump_wear", 10.0

#: Samples in a window (5 min), and windows in a run.
WINDOW, WINDOWS = 30, 2

SOUND = "sound"

#: Class and smallest and largest severity of each fault. Smaller ones drown in the noise.
FAULTS = {
    "impeller_wear": ("hydraulic_loss", 0.15, 1.0),
    "seal_leak": ("hydraulic_loss", 0.15, 1.0),
    "thrust_bearing_wear": ("thrust_bearing_wear", 0.08, 0.35),
    "radial_bearing_wear": ("radial_bearing_wear", 0.08, 0.35),
}
CLASSES = (SOUND, "hydraulic_loss", "thrust_bearing_wear", "radial_bearing_wear")

#: Ranges of the inputs: pressures in kPa, temperature in K, supply in V and rad/s; and by how much
#: each may move during a run.
CONDITIONS = {
    "V": (455.0, 485.0, 2.0),
    "w_sync": (365.0, 380.0, 1.0),
    "p_suction": (215.0, 265.0, 5.0),
    "p_discharge": (880.0, 970.0, 10.0),
    "T_room": (282.0, 298.0, 0.5),
}

#: Neurons, strength of the penalty on large weights, and most steps of the training.
NEURONS, PENALTY, STEPS = 16, 1e-2, 500


@dataclass(frozen=True)
class Data:
    """Windows of runs: features, shape (n, features), and the class of each."""

    X: np.ndarray
    health: np.ndarray


def run_pump(fault: str, severity: float, seed: int) -> np.ndarray:
    """Run the pump at conditions drawn by `seed`; return its samples, inputs before outputs.

    Raises
    ------
    OperatingPointError
        At these conditions a pump so worn is not safe.
    """
    rng = np.random.default_rng(seed)
    P = plants.pump_wear(faults={fault: severity} if fault else {})
    start = {name: float(rng.uniform(low, high)) for name, (low, high, _) in CONDITIONS.items()}
    x, _, _ = plants.operating_point(P, **start)
    rig = plants.Rig(P, DT, seed=seed, x0=x)
    n = WINDOW * WINDOWS
    moves = {
        name: start[name] + np.linspace(0.0, rng.uniform(-most, most), n)
        for name, (_, _, most) in CONDITIONS.items()
    }
    rows = []
    for k in range(n):
        y = rig.step(**{name: float(values[k]) for name, values in moves.items()})
        rows.append([*rig.u.values(), *y.values()])
    return np.array(rows)


def runs(count: int, seed: int = 0, progress: Callable[[int], None] = lambda done: None) -> Data:
    """Run `count` pumps, a third of them sound, and cut the runs into windows."""
    rng = np.random.default_rng(seed)
    kinds = [("", (SOUND, 0.0, 0.0))] * 2 + list(FAULTS.items())
    X, health = [], []
    inputs = len(CONDITIONS)
    for done in range(count):
        fault, (label, low, high) = kinds[done % len(kinds)]
        while True:
            severity, run_seed = rng.uniform(low, high), int(rng.integers(2**32))
            try:
                rows = run_pump(fault, float(severity), run_seed)
                break
            except OperatingPointError:
                continue
        for window in np.split(rows, WINDOWS):
            row = features(window, inputs)
            if row is not None:
                X.append(row)
                health.append(label)
        progress(done + 1)
    return Data(np.array(X), np.array(health))


def train(data: Data, seed: int = 0) -> Any:
    """Return a fitted scikit-learn pipeline."""
    pipeline = sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.StandardScaler(),
        sklearn.neural_network.MLPClassifier(
            (NEURONS,), solver="lbfgs", alpha=PENALTY, max_iter=STEPS, random_state=seed
        ),
    )
    with warnings.catch_warnings():
        # The penalty, not convergence, says when such a small network is good.
        warnings.simplefilter("ignore")
        return pipeline.fit(data.X, data.health)


def export(pipeline: Any, data: Data, path: str | Path) -> None:
    """Write a trained pipeline as a health model.

    Parameters
    ----------
    pipeline
        What `train` returned.
    data : Data
        What it was trained on: its range is what the model may judge.
    path : path
        Of the ONNX file.
    """
    P = plants.pump_wear()
    purpose = Purpose(
        STATION,
        DT,
        WINDOW,
        tuple(P.input_labels),
        tuple(P.output_labels),
        tuple(map(str, pipeline.classes_)),
        tuple(data.X.min(axis=0).tolist()),
        tuple(data.X.max(axis=0).tolist()),
    )
    model = skl2onnx.to_onnx(pipeline, data.X[:1].astype(np.float32), options={"zipmap": False})
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA, purpose.as_json()
    Path(path).write_bytes(model.SerializeToString())
