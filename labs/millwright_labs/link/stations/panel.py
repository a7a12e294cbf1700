"""A machine whose tags are those of its control panel, not the plant's own inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from millwright_labs import plants
from millwright_labs.errors import FaultError, SignalError
from millwright_labs.link.station import Made, Sample, Station
from millwright_labs.plants.checks import as_number
from millwright_labs.plants.plant import Signal


class PanelStation(Station):
    """A station that reads its panel once a sample and drives the plant itself.

    A subclass defines `control`, which sets the plant's inputs, and may add outputs of its own
    in `on_board`.

    Parameters
    ----------
    made : Made
    P : Plant
    dt : float
        Sample time (s).
    panel : sequence of (Signal, float)
        The tags that can be written, each with its value at the start.
    on_board : sequence of Signal
        Outputs that the controller calculates.
    """

    def __init__(
        self,
        made: Made,
        P: plants.Plant,
        dt: float,
        panel: Sequence[tuple[Signal, float]],
        on_board: Sequence[Signal] = (),
    ):
        super().__init__(made, P, dt)
        self.inputs = {signal.name: signal for signal, _ in panel}
        self.outputs |= {signal.name: signal for signal in on_board}
        self.panel = {signal.name: start for signal, start in panel}
        self._held = dict(self.rig.y)

    def control(self) -> None:
        """Set the plant's inputs for the sample to come."""
        raise NotImplementedError

    def on_board(self) -> dict[str, float]:
        """Give the outputs that the controller calculates."""
        return {}

    def measured(self) -> dict[str, float]:
        """Give what the controller goes by: the last value that each sensor did not lose."""
        for name, value in self.rig.y.items():
            if value == value:
                self._held[name] = value
        return self._held

    def sample(self) -> Sample:
        """Give the newest sample again."""
        outputs = {**self.rig.y, **self.on_board()}
        return Sample(self._seq, self._seq * self.dt, self.applied(), outputs)

    def applied(self) -> dict[str, float]:
        """Give what stands on the panel."""
        return dict(self.panel)

    def write(self, **inputs: float) -> None:
        """Set tags of the panel from now on, each clipped to its limits.

        Raises
        ------
        SignalError
            Unknown tag, or a value that is not a number. Nothing is changed then.
        """
        new = {}
        for name, value in inputs.items():
            signal = self.inputs.get(name)
            if signal is None:
                raise SignalError(
                    f"{self.made.station} has no input {name!r}. "
                    f"Choose from: {', '.join(self.inputs)}."
                )
            try:
                number = as_number(value)
            except TypeError:
                number = math.nan
            if math.isnan(number):
                raise SignalError(f"{name!r} must be a number in {signal.unit}, got {value!r}.")
            new[name] = min(max(number, signal.low), signal.high)
        self.panel |= new

    def step(self) -> Sample:
        """Let the controller act, and one sample time pass."""
        self.control()
        return super().step()


class OwnStation(PanelStation):
    """A panel before a machine whose equations are the station's own, and no `Plant`.

    A subclass defines `advance`, which lets one sample time pass and returns what is read then.
    It sets `_values` to the first reading when it is made.

    Parameters
    ----------
    made : Made
    dt : float
        Sample time (s).
    panel : sequence of (Signal, float)
        The tags that can be written, each with its value at the start.
    outputs : sequence of Signal
        The tags that can be read.
    faults : mapping of str to str
        The faults, with what severity 1 means.
    """

    _values: dict[str, float]

    def __init__(
        self,
        made: Made,
        dt: float,
        panel: Sequence[tuple[Signal, float]],
        outputs: Sequence[Signal],
        faults: Mapping[str, str],
    ):
        self.made, self.dt = made, dt
        self.inputs = {signal.name: signal for signal, _ in panel}
        self.outputs = {signal.name: signal for signal in outputs}
        self.faults = dict(faults)
        self.panel = {signal.name: start for signal, start in panel}
        self._severities: dict[str, float] = {}
        self._seq = 0

    @property
    def severities(self) -> dict[str, float]:
        """Severity in [0, 1] of every fault that is on, by name."""
        return {name: value for name, value in self._severities.items() if value}

    def fault(self, **severities: float) -> None:
        """Give faults a severity in [0, 1] from now on; 0 mends.

        Raises
        ------
        FaultError
            Unknown fault, or a severity outside [0, 1]. Nothing is changed then.
        """
        for name, value in severities.items():
            if name not in self.faults:
                raise FaultError(
                    f"{self.made.station} has no fault {name!r}. "
                    f"Choose from: {', '.join(self.faults)}."
                )
            if not 0.0 <= value <= 1.0:
                raise FaultError(
                    f"Fault {name!r} got severity {value!r}. Give a number from 0 (sound) to 1."
                )
        self._severities |= severities

    def advance(self) -> dict[str, float]:
        """Let one sample time pass; return what is read then."""
        raise NotImplementedError

    def sample(self) -> Sample:
        """Give the newest sample again."""
        return Sample(self._seq, self._seq * self.dt, self.applied(), dict(self._values))

    def step(self) -> Sample:
        """Let one sample time pass."""
        self._values = self.advance()
        self._seq += 1
        return self.sample()
