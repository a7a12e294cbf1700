"""A health model as one ONNX file, run by onnxruntime.

The file says itself what it was trained on: tags, sample time, window, classes, and the range of
each feature. What lies outside that range is flagged and not judged, because a model knows nothing
of what it never saw.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from millwright_labs.edge.features import feature_names, features
from millwright_labs.errors import EdgeError

try:
    import onnxruntime
except ImportError:
    raise EdgeError(
        "A health model needs onnxruntime, which is not installed. "
        'Install it: pip install "millwright[edge]"'
    ) from None

#: Bytes of the largest file that is loaded: an edge device has little memory.
MAX_FILE = 32 * 2**20

#: Where in the file's metadata stands what the model is made for.
METADATA = "millwright"

#: By how much of the trained range a feature may lie outside it.
MARGIN = 0.1


@dataclass(frozen=True)
class Purpose:
    """What a health model is made for.

    Attributes
    ----------
    station : str
        The machine it was trained on.
    dt : float
        Sample time (s).
    window : int
        Samples that it looks at together.
    inputs, outputs : tuple of str
        The tags that it looks at.
    classes : tuple of str
    low, high : tuple of float
        Range of each feature in training.
    """

    station: str
    dt: float
    window: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    classes: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def features(self) -> list[str]:
        """Names of the features."""
        return feature_names(self.inputs, self.outputs)

    def as_json(self) -> str:
        """Return text for the file's metadata."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Purpose:
        """Read what `as_json` wrote; raises KeyError, TypeError or ValueError."""
        given = json.loads(text)

        def texts(name: str) -> tuple[str, ...]:
            return tuple(map(str, given[name]))

        def numbers(name: str) -> tuple[float, ...]:
            return tuple(map(float, given[name]))

        purpose = cls(
            str(given["station"]),
            float(given["dt"]),
            int(given["window"]),
            texts("inputs"),
            texts("outputs"),
            texts("classes"),
            numbers("low"),
            numbers("high"),
        )
        n = len(purpose.features)
        if not purpose.dt > 0.0 or not 2 <= purpose.window <= 1_000_000 or not purpose.classes:
            raise ValueError("no sample time, window or classes")
        if len(purpose.low) != n or len(purpose.high) != n:
            raise ValueError(f"the range of {n} features is asked for")
        return purpose


@dataclass(frozen=True)
class Verdict:
    """What a health model says at a time.

    Attributes
    ----------
    t : float
        The machine's time (s) at the newest sample of the window.
    health : str
        One of the model's classes; ``""`` where it does not judge.
    probability : float
        That the model gives this class; NaN where it does not judge.
    missing : bool
        Too many samples of the window are lost.
    outside : tuple of str
        Features outside the range that the model was trained on.
    """

    t: float
    health: str
    probability: float
    missing: bool = False
    outside: tuple[str, ...] = ()


class HealthModel:
    """A health model that was loaded.

    Parameters
    ----------
    content : bytes
        Of an ONNX file; `load` reads one.

    Raises
    ------
    EdgeError
        Not an ONNX file, or not a health model, or its inputs do not match what it says.
    """

    def __init__(self, content: bytes):
        options = onnxruntime.SessionOptions()
        # One thread: the rest of the device belongs to the machine.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
            # What onnxruntime raises has no common base but this.
        except Exception as error:
            first = str(error).splitlines()[0][:200]
            raise EdgeError(
                f"This is not an ONNX model that can be run ({first}). Give the file that "
                "`python -m millwright_labs.edge` wrote."
            ) from None
        try:
            known = session.get_modelmeta().custom_metadata_map
            self.purpose = Purpose.from_json(known[METADATA])
        except (KeyError, TypeError, ValueError) as error:
            raise EdgeError(
                f"This ONNX model does not say what it is for ({error}). Train one with "
                "`python -m millwright_labs.edge`."
            ) from None
        self._session = session
        self._check()
        low, high = np.array(self.purpose.low), np.array(self.purpose.high)
        margin = MARGIN * (high - low)
        self._low, self._high = low - margin, high + margin

    @classmethod
    def load(cls, path: str | Path) -> HealthModel:
        """Load a health model. Raises as the class does, and for a file that cannot be read."""
        try:
            if (size := Path(path).stat().st_size) > MAX_FILE:
                raise EdgeError(
                    f"{path} has {size} bytes, more than {MAX_FILE}: too large for the edge. "
                    "Train a smaller model."
                )
            content = Path(path).read_bytes()
        except OSError as error:
            raise EdgeError(f"{path} cannot be read: {error.strerror}. Check the name.") from None
        return cls(content)

    def _check(self) -> None:
        n, classes = len(self.purpose.features), len(self.purpose.classes)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        found = [(i.type, list(i.shape)[1:]) for i in inputs]
        if found != [("tensor(float)", [n])]:
            raise EdgeError(
                f"The model takes {found or 'nothing'} where one table of {n} features is due. "
                "Train it anew for these tags."
            )
        self._name = inputs[0].name
        if len(outputs) != 2 or self.probabilities(np.zeros((1, n))).shape != (1, classes):
            raise EdgeError(
                f"The model does not give a label and {classes} probabilities. Train it anew, and "
                "export it without a ZipMap."
            )

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        """Give the probability of each class.

        Parameters
        ----------
        rows : ndarray, shape (n, features)

        Returns
        -------
        ndarray, shape (n, classes)
        """
        result: Any = self._session.run(None, {self._name: rows.astype(np.float32)})
        return np.asarray(result[1])

    def judge(self, window: np.ndarray, t: float = float("nan")) -> Verdict:
        """Judge a window of samples.

        Parameters
        ----------
        window : ndarray, shape (purpose.window, tags)
            Oldest first, inputs before outputs; a lost measurement is NaN.
        t : float
            Time (s) of the newest sample.
        """
        row = features(window, len(self.purpose.inputs))
        if row is None:
            return Verdict(t, "", float("nan"), missing=True)
        if beyond := self._outside(row):
            return Verdict(t, "", float("nan"), outside=beyond)
        each = self.probabilities(row[np.newaxis])[0]
        best = int(each.argmax())
        return Verdict(t, self.purpose.classes[best], float(each[best]))

    def _outside(self, row: np.ndarray) -> tuple[str, ...]:
        beyond = (row < self._low) | (row > self._high) | ~np.isfinite(row)
        if not beyond.any():
            return ()
        return tuple(
            name for name, is_beyond in zip(self.purpose.features, beyond, strict=True) if is_beyond
        )
