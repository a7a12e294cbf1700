"""A trained health model and what it was trained on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from millwright_labs.edge import HealthModel, training


@dataclass
class Trained:
    """The data, scikit-learn's pipeline, the file, and the model as loaded from it."""

    data: training.Data
    pipeline: Any
    path: Path
    model: HealthModel
