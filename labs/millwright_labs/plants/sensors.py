"""Sensors: what stands between a true output and the number that a controller reads."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

from millwright_labs.errors import ParameterError
from millwright_labs.plants.checks import as_number


@dataclass(frozen=True)
class Sensor:
    """A sensor's data sheet, in the unit of the output it measures.

    A reading is made in this order: delay, bias and drift, noise, measuring range, quantisation,
    then loss of the sample.

    Parameters
    ----------
    noise : float
        Standard deviation of white Gaussian noise.
    step : float
        Quantisation step; readings are whole multiples of it. 0: none.
    delay : float
        Dead time (s).
    dropout : float
        Probability in [0, 1] that a sample is lost and reads NaN.
    low, high : float
        Measuring range; the reading stays within.
    bias, drift : float
        What the faults of that name do at severity 1: a constant offset, and an offset that
        grows by so much in an hour.
    source : str
        Where the numbers come from.
    """

    noise: float = 0.0
    step: float = 0.0
    delay: float = 0.0
    dropout: float = 0.0
    low: float = -math.inf
    high: float = math.inf
    bias: float = 0.0
    drift: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        for entry in fields(self):
            if entry.name == "source":
                continue
            value = getattr(self, entry.name)
            try:
                number = as_number(value)
            except TypeError:
                number = math.nan
            limit = entry.name in ("low", "high")
            if math.isnan(number) or (math.isinf(number) and not limit):
                raise ParameterError(f"Sensor {entry.name} must be a number, got {value!r}.")
            if number < 0 and entry.name in ("noise", "step", "delay", "dropout"):
                raise ParameterError(f"Sensor {entry.name} must not be negative, got {value!r}.")
            object.__setattr__(self, entry.name, number)
        if self.dropout > 1:
            raise ParameterError(
                f"Sensor dropout is a probability from 0 to 1, got {self.dropout!r}."
            )
        if not self.low < self.high:
            raise ParameterError(
                f"Sensor range must have low < high, got {self.low!r} and {self.high!r}."
            )


#: The faults that every sensor can have, and what severity 1 of each means.
SENSOR_FAULTS: dict[str, Callable[[Sensor, str], str]] = {
    "bias": lambda sensor, unit: f"reading off by {sensor.bias:+g} {unit}",
    "drift": lambda sensor, unit: f"reading runs away by {sensor.drift:+g} {unit} an hour",
    "stuck": lambda sensor, unit: "reading frozen (from any severity above 0)",
    "dropout": lambda sensor, unit: "every sample lost (severity is the share lost)",
}
