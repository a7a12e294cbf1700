"""The one way to a machine, whatever lies between: `PlantLink`.

A learner's notebook, a twin and an app know this class only. Three back ends keep its promise:
the machine in this process, over OPC UA, over MQTT. Time is always the machine's own: `wait` and
`step` return when the machine's clock has moved, however long that takes here.

Every back end promises:

- each sample is recorded once, in order, in `recording`; what an outage hid is fetched afterwards;
- `read` gives the newest sample, never an older one than before;
- a command is either taken by the machine or raises; it is clipped to the actuator's limits;
- `close` may be called twice, and leaves the recording as it is.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Self

import pandas as pd

from millwright_labs.errors import FaultError, LinkError, SignalError
from millwright_labs.link.recording import Recording, start_recording
from millwright_labs.link.station import Described
from millwright_labs.plants.checks import as_number
from millwright_labs.plants.plant import Signal


class PlantLink(abc.ABC):
    """A connection to one machine.

    Parameters
    ----------
    described : Described
        What the machine says of itself.
    """

    def __init__(self, described: Described):
        self.described = described
        self._recording = start_recording(
            described.made, described.dt, described.inputs, described.outputs
        )

    @property
    def recording(self) -> Recording:
        """Every sample since the link was opened."""
        self._collect()
        return self._recording

    def _collect(self) -> None:  # noqa: B027
        """Record what has arrived by itself. Only the caller's thread touches the recording."""

    @property
    def dt(self) -> float:
        """The machine's sample time (s)."""
        return self.described.dt

    @property
    def inputs(self) -> Mapping[str, Signal]:
        """Tags that can be written, with unit, meaning and limits."""
        return self.described.inputs

    @property
    def outputs(self) -> Mapping[str, Signal]:
        """Tags that can be read."""
        return self.described.outputs

    @property
    def units(self) -> dict[str, str]:
        """Unit of every tag."""
        return dict(self.recording.units)

    @property
    @abc.abstractmethod
    def t(self) -> float:
        """The machine's time (s) at the newest sample."""

    @abc.abstractmethod
    def read(self) -> dict[str, float]:
        """Give the newest measurement by tag; a lost one is NaN."""

    @abc.abstractmethod
    def _send(self, inputs: Mapping[str, float], faults: Mapping[str, float]) -> None:
        """Give checked commands to the machine; return when it has taken them."""

    @abc.abstractmethod
    def _pass(self, samples: int) -> None:
        """Return when the machine has taken `samples` more samples and all are recorded."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of the machine."""

    def write(self, **inputs: float) -> None:
        """Set inputs from now on; those not named keep their value.

        Raises
        ------
        SignalError
            Unknown input, or a value that is not a number. The machine is left as it was.
        LinkError
            The machine cannot be reached.
        """
        checked = {}
        for name, value in inputs.items():
            if name not in self.inputs:
                raise SignalError(
                    f"{self.described.made.station} has no input {name!r}. "
                    f"Choose from: {', '.join(self.inputs)}."
                )
            checked[name] = _number(name, value, self.inputs[name].unit)
        self._send(checked, {})

    def fault(self, **severities: float) -> None:
        """Give faults a severity in [0, 1] from now on; 0 mends.

        Raises
        ------
        FaultError
            Unknown fault, or a severity outside [0, 1]. The machine is left as it was.
        LinkError
            The machine cannot be reached.
        """
        checked = {}
        for name, value in severities.items():
            if name not in self.described.faults:
                raise FaultError(
                    f"{self.described.made.station} has no fault {name!r}. "
                    f"Choose from: {', '.join(self.described.faults)}."
                )
            try:
                number = as_number(value)
            except TypeError:
                number = -1.0
            if not 0.0 <= number <= 1.0:
                raise FaultError(
                    f"Fault {name!r} got severity {value!r}. Give a number from 0 (sound) to 1."
                )
            checked[name] = number
        self._send({}, checked)

    def wait(self, seconds: float) -> pd.DataFrame:
        """Let the machine run for `seconds` of its own time; return what was recorded.

        Raises
        ------
        SignalError
            Not a positive time.
        LinkError
            The machine cannot be reached.
        """
        number = _number("seconds", seconds, "s")
        samples = round(number / self.dt)
        if samples < 1:
            raise SignalError(f"Wait for at least one sample, {self.dt:g} s, got {seconds!r}.")
        before = len(self.recording)
        self._pass(samples)
        return self.recording.since(before)

    def step(self, **inputs: float) -> dict[str, float]:
        """Write inputs, let one sample pass and return the new measurement."""
        if inputs:
            self.write(**inputs)
        self._pass(1)
        return self.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _number(name: str, value: object, unit: str) -> float:
    try:
        number = as_number(value)
    except TypeError:
        number = float("nan")
    if not abs(number) < float("inf"):
        raise SignalError(f"{name!r} must be a finite number in {unit}, got {value!r}.")
    return number


def closed() -> LinkError:
    """Return the error of a link that was closed."""
    return LinkError("This link is closed. Start the plant again with `link.start(...)`.")
