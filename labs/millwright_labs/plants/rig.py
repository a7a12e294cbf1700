"""The plant on a bench: it keeps its state and clock, takes inputs and gives measurements.

`Rig` integrates the plant's own equations with the classical Runge-Kutta method of order 4 at
constant inputs, in substeps no longer than the plant's `max_step` allows. `record` runs a
whole test and returns a table.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from millwright_labs.errors import SignalError
from millwright_labs.plants.checks import as_number
from millwright_labs.plants.plant import Plant, Severity, Transport, severity_at
from millwright_labs.plants.sensors import SENSOR_FAULTS, Sensor

SECONDS_PER_HOUR = 3600.0

#: Random numbers are drawn in blocks, because one at a time costs more than the plant.
BLOCK = 256


class Rig:
    """A plant on a bench, to be run step by step by a controller.

    Two rigs never share anything: each has its state, its clock and its random numbers.

    Parameters
    ----------
    P : Plant
        The machine, with its faults.
    dt : float
        Time (s) that one `step` takes; the sample time.
    seed : int, optional
        Of the sensors' noise and lost samples. The same seed gives the same readings; None
        gives different ones each time.
    x0 : array_like, optional
        Initial state, shape (nstates,); default `P.x0`.
    sensors : bool or mapping of str to Sensor
        True: the plant's own sensors; False: the true outputs, without noise or sensor faults.
        A mapping replaces single sensors by output.

    Attributes
    ----------
    t : float
        Time (s) since the start.
    x : ndarray, shape (nstates,)
        The true state (a copy).
    u : dict of str to float
        The inputs as the actuators apply them.
    y : dict of str to float
        The last measurement. A lost sample is NaN. Outputs that have no sensor are left out.

    Raises
    ------
    SignalError
        `dt` not positive, a wrong initial state or seed, a sensor for an unknown output.
    """

    def __init__(
        self,
        P: Plant,
        dt: float,
        seed: int | None = None,
        x0: Sequence[float] | np.ndarray | None = None,
        sensors: bool | Mapping[str, Sensor] = True,
    ):
        self.P = P
        self.dt = _checked_step(dt)
        self.t = 0.0
        self._steps = 0
        self._state = checked_state(P, x0)
        self._inputs = P.u0.tolist()
        self._input_place = {name: i for i, name in enumerate(P.input_labels)}
        self._limits = [P.limits[s.name] for s in P.model.inputs]
        self._lines = [_Line(P, transport, self._state) for transport in P.model.transports]
        self._channels = _channels(P, sensors, seed)
        self.y: dict[str, float] = {}
        self._measure(0.0)

    def __repr__(self) -> str:
        reading = ", ".join(
            f"{name} = {value:g} {self.P.units[name]}" for name, value in self.y.items()
        )
        return f"<Rig with {self.P.name} at t = {self.t:g} s: {reading}>"

    @property
    def x(self) -> np.ndarray:
        """The true state, shape (nstates,)."""
        return np.array(self._state)

    @property
    def u(self) -> dict[str, float]:
        """The inputs as applied."""
        return dict(zip(self._input_place, self._inputs, strict=True))

    @property
    def severities(self) -> dict[str, float]:
        """Severity in [0, 1] of every fault now, by name; sound ones are left out."""
        now = {name: severity_at(name, given, self.t) for name, given in self.P.faults.items()}
        return {name: severity for name, severity in now.items() if severity}

    def fault(self, **severities: Severity) -> None:
        """Give faults a severity from now on, as when a plant is made; 0 mends.

        What a fault has done already (a drift that has run up) stays.

        Raises
        ------
        FaultError
            Unknown fault, or a severity outside [0, 1]. Nothing is changed then.
        """
        P = self.P
        faults = {**P.faults, **severities}
        self.P = type(P)(P.model, P.parameters, faults, P.name)
        for channel in self._channels:
            if isinstance(channel, _Channel):
                channel.faults = _faults_of(channel.name, faults)

    def set(self, **inputs: float) -> None:
        """Set inputs without letting time pass; each is clipped to its actuator's limits.

        Raises
        ------
        SignalError
            Unknown input, or a value that is not a number. No input is changed then.
        """
        new = self._inputs.copy()
        for name, value in inputs.items():
            place = self._input_place.get(name)
            if place is None:
                raise SignalError(
                    f"{self.P.name} has no input {name!r}. "
                    f"Choose from: {', '.join(self._input_place)}."
                )
            if type(value) is not float:
                value = _checked_value(self.P, name, value)
            low, high = self._limits[place]
            if low <= value <= high:
                new[place] = value
            elif value != value:
                _checked_value(self.P, name, value)
            else:
                new[place] = low if value < low else high
        self._inputs = new

    def step(self, **inputs: float) -> dict[str, float]:
        """Hold the inputs for `dt` seconds and return the new measurement.

        Parameters
        ----------
        **inputs : float
            By name; inputs not named keep their value. Each is clipped to its limits, as the
            real actuator does.

        Returns
        -------
        dict of str to float
            The measurement at the new time.

        Raises
        ------
        SignalError
            Unknown input, or a value that is not a number; the rig stays as it was.
        """
        if inputs:
            self.set(**inputs)
        # Counted, not added up: after a million steps of 0.1 s the clock still shows 100000 s.
        reading = self._advance((self._steps + 1) * self.dt)
        self._steps += 1
        return reading

    def _advance(self, t: float) -> dict[str, float]:
        P, start, u = self.P, self.t, self._inputs
        trace: list[tuple[float, list[float]]] | None = None
        if self._lines:
            trace = [(start, self._state)]
        self._state = integrate(P, start, self._state, u, t - start, trace)
        for line in self._lines:
            line.move(P, u, trace or [])
        self.t = t
        self._measure(t - start)
        return self.y.copy()

    def _measure(self, dt: float) -> None:
        P, t = self.P, self.t
        outputs = P.model.out(t, self._state, self._inputs, P.parameters, P.severities(t))
        if self._lines:
            outputs = list(outputs)
            for line in self._lines:
                outputs[line.place] = line.arriving()
        self.y = {channel.name: channel.read(t, dt, outputs) for channel in self._channels}


def integrate(
    P: Plant,
    t: float,
    x: Sequence[float],
    u: Sequence[float],
    dt: float,
    trace: list[tuple[float, list[float]]] | None = None,
) -> list[float]:
    """Advance a plant by `dt` seconds at constant inputs; return the new state.

    Classical Runge-Kutta of order 4, in substeps no longer than the plant's `max_step` at the
    state where each begins. Times and states after each substep are added to `trace`.
    """
    model, p = P.model, P.parameters
    rhs, max_step = model.rhs, model.max_step
    moving = P.moving_faults
    f0 = f1 = f2 = P.severities(t)
    x = list(x)
    end = t + dt
    left = dt
    while left > 0.0:
        n = math.ceil(left / max_step(x, u, p, f0) - 1e-9)
        h = left / n if n > 1 else left
        half, sixth = h / 2.0, h / 6.0
        if moving:
            f0, f1, f2 = P.severities(t), P.severities(t + half), P.severities(t + h)
        k1 = rhs(t, x, u, p, f0)
        k2 = rhs(t + half, [a + half * b for a, b in zip(x, k1, strict=True)], u, p, f1)
        k3 = rhs(t + half, [a + half * b for a, b in zip(x, k2, strict=True)], u, p, f1)
        k4 = rhs(t + h, [a + h * b for a, b in zip(x, k3, strict=True)], u, p, f2)
        x = [
            a + sixth * (b + 2.0 * (c + d) + e)
            for a, b, c, d, e in zip(x, k1, k2, k3, k4, strict=True)
        ]
        t, left = (t + h, left - h) if n > 1 else (end, 0.0)
        if trace is not None:
            trace.append((t, x))
    return x


class _Line:
    """Material on its way from the machine to a sensor, as (place, value) pairs.

    Places count along the material, so a change of speed moves all of it alike.
    """

    def __init__(self, P: Plant, transport: Transport, state: Sequence[float]):
        outputs = P.output_labels
        self.place, self.source = outputs.index(transport.output), outputs.index(transport.source)
        self.speed = P.input_labels.index(transport.speed)
        self.length = float(getattr(P.parameters, transport.distance))
        self.travelled = 0.0
        # Before the start the machine made what now arrives.
        arriving = float(P.output(0.0, state, P.u0)[self.place])
        self.points = deque([(-self.length, arriving), (0.0, arriving)])

    def move(
        self, P: Plant, u: Sequence[float], trace: Sequence[tuple[float, Sequence[float]]]
    ) -> None:
        """Add what the machine made along `trace`, and drop what has passed the sensor."""
        out, p, start = P.model.out, P.parameters, trace[0][0]
        for t, x in trace:
            made = out(t, x, u, p, P.severities(t))[self.source]
            self.points.append((self.travelled + u[self.speed] * (t - start), made))
        self.travelled = self.points[-1][0]
        at_sensor = self.travelled - self.length
        while len(self.points) > 1 and self.points[1][0] <= at_sensor:
            self.points.popleft()

    def arriving(self) -> float:
        """Give the value of the material that is at the sensor now."""
        return _between(self.points, self.travelled - self.length)


def _between(points: Sequence[tuple[float, float]], place: float) -> float:
    """Interpolate between the first two points of a queue; hold outside them."""
    x0, y0 = points[0]
    if len(points) == 1 or place <= x0:
        return y0
    x1, y1 = points[1]
    return y1 if place >= x1 else y0 + (y1 - y0) * (place - x0) / (x1 - x0)


class _TrueOutput:
    """A channel that reads an output as it is."""

    def __init__(self, name: str, place: int):
        self.name, self.place = name, place

    def read(self, t: float, dt: float, outputs: Sequence[float]) -> float:
        return outputs[self.place]


class _Channel(_TrueOutput):
    """One sensor at work, with its random numbers, its past and its faults."""

    def __init__(
        self,
        name: str,
        place: int,
        sensor: Sensor,
        faults: Mapping[str, Any],
        rng: np.random.Generator,
    ):
        super().__init__(name, place)
        self.sensor, self.faults, self.rng = sensor, faults, rng
        self._noise: list[float] = []
        self._past: deque[tuple[float, float]] = deque()
        self._drift = 0.0
        self._last = math.nan

    def read(self, t: float, dt: float, outputs: Sequence[float]) -> float:
        sensor = self.sensor
        value = outputs[self.place]
        if sensor.delay:
            value = self._delayed(t, value)
        faults = self.faults and {
            kind: severity_at(f"{self.name}_{kind}", severity, t)
            for kind, severity in self.faults.items()
        }
        if faults:
            self._drift += faults.get("drift", 0.0) * sensor.drift * dt / SECONDS_PER_HOUR
            value += faults.get("bias", 0.0) * sensor.bias + self._drift
        if sensor.noise:
            if not self._noise:
                self._noise = self.rng.standard_normal(BLOCK).tolist()
            value += sensor.noise * self._noise.pop()
        value = min(max(value, sensor.low), sensor.high)
        if sensor.step:
            value = round(round(value / sensor.step) * sensor.step, 9)
        if faults and faults.get("stuck", 0.0) > 0.0 and self._last == self._last:
            value = self._last
        self._last = value
        lost = sensor.dropout
        if faults and "dropout" in faults:
            lost = 1.0 - (1.0 - lost) * (1.0 - faults["dropout"])
        if lost and self.rng.random() < lost:
            return math.nan
        return value

    def _delayed(self, t: float, value: float) -> float:
        """Give the output as it was `delay` seconds ago, on a straight line between samples."""
        past = self._past
        past.append((t, value))
        then = t - self.sensor.delay
        while len(past) > 1 and past[1][0] <= then:
            past.popleft()
        return _between(past, then)


def _faults_of(output: str, faults: Mapping[str, Severity]) -> dict[str, Severity]:
    """Pick the sensor faults of an output, by kind."""
    names = {kind: f"{output}_{kind}" for kind in SENSOR_FAULTS}
    return {kind: faults[name] for kind, name in names.items() if name in faults}


def _channels(
    P: Plant, sensors: bool | Mapping[str, Sensor], seed: int | None
) -> list[_TrueOutput]:
    names = [signal.name for signal in P.model.outputs]
    if sensors is False:
        return [_TrueOutput(name, place) for place, name in enumerate(names)]
    fitted = dict(P.model.sensors)
    if sensors is not True:
        unknown = sorted(set(sensors) - set(names))
        if unknown:
            raise SignalError(
                f"{P.name} has no output {', '.join(map(repr, unknown))} to put a sensor on. "
                f"Choose from: {', '.join(names)}."
            )
        fitted |= sensors
    # One stream a place, so that taking one sensor away leaves the others' noise as it was.
    try:
        streams = np.random.SeedSequence(seed).spawn(len(names))
    except (TypeError, ValueError):
        raise SignalError(f"The seed must be a whole number from 0 up, got {seed!r}.") from None
    return [
        _Channel(
            name,
            place,
            fitted[name],
            _faults_of(name, P.faults),
            np.random.default_rng(streams[place]),
        )
        for place, name in enumerate(names)
        if name in fitted
    ]


def _checked_step(dt: Any) -> float:
    try:
        number = as_number(dt)
    except TypeError:
        number = math.nan
    if not 0.0 < number < math.inf:
        raise SignalError(f"The step dt must be a positive time in seconds, got {dt!r}.")
    return number


def checked_state(P: Plant, x0: Any) -> list[float]:
    """Give an initial state as a list; SignalError unless it is one finite number a state."""
    if x0 is None:
        return P.x0.tolist()
    try:
        state = np.asarray(x0, dtype=float)
    except (TypeError, ValueError):
        state = np.array(math.nan)
    if state.shape != (P.nstates,) or not np.all(np.isfinite(state)):
        raise SignalError(
            f"The initial state of {P.name} must be {P.nstates} finite numbers "
            f"({', '.join(P.state_labels)}), got {x0!r}."
        )
    return state.tolist()


def _checked_value(P: Plant, name: str, value: Any) -> float:
    if isinstance(value, bool | np.bool_):
        # What an on-off controller's comparison gives.
        value = float(value)
    try:
        number = as_number(value)
    except TypeError:
        number = math.nan
    if math.isnan(number):
        raise SignalError(
            f"Input {name!r} of {P.name} must be a number in {P.units[name]}, got {value!r}."
        )
    return number


def record(
    P: Plant,
    t: Sequence[float] | np.ndarray,
    inputs: Mapping[str, float | Sequence[float] | np.ndarray | Callable[[float], float]],
    seed: int | None = None,
    x0: Sequence[float] | np.ndarray | None = None,
    sensors: bool | Mapping[str, Sensor] = True,
) -> pd.DataFrame:
    """Run a test and write it down.

    Parameters
    ----------
    P : Plant
        The machine.
    t : array_like, shape (n,)
        Times (s) of the samples, increasing; the plant starts at the first one.
    inputs : mapping of str to float, array_like of shape (n,), or callable
        By input: constant, one value a sample, or a function of time (s). Row k's inputs are
        held from ``t[k]`` to ``t[k+1]``. Inputs left out stay at `P.u0`.
    seed, x0, sensors
        As for `Rig`.

    Returns
    -------
    pandas.DataFrame
        Index `t` (s); columns inputs, as the actuators applied them, then outputs as measured
        at that time. Units by column in ``.attrs["units"]``.

    Raises
    ------
    SignalError
        Times that do not increase, unknown inputs, wrong lengths, values that are no numbers.
    """
    times = checked_times(t)
    columns = checked_samples(P, inputs, times)
    rig = Rig(P, dt=float(times[1] - times[0]), seed=seed, x0=x0, sensors=sensors)
    rig.t = float(times[0])
    rows = []
    for k, now in enumerate(times.tolist()):
        if k:
            rig._advance(now)
        rig.set(**{name: values[k] for name, values in columns.items()})
        rows.append({**rig.u, **rig.y})
    table = pd.DataFrame(rows, index=pd.Index(times, name="t"))
    table.attrs["units"] = {"t": "s"} | {name: P.units[name] for name in table.columns}
    table.attrs["plant"] = P.model.id
    return table


def checked_times(t: Any) -> np.ndarray:
    """Give sample times (s) as an array; SignalError unless they are two or more that increase."""
    try:
        times = np.asarray(t, dtype=float)
    except (TypeError, ValueError):
        times = np.array(math.nan)
    if (
        times.ndim != 1
        or len(times) < 2
        or not np.all(np.isfinite(times))
        or not np.all(np.diff(times) > 0)
    ):
        raise SignalError("The times t must be at least two increasing numbers in seconds.")
    return times


def checked_samples(
    P: Plant, inputs: Mapping[str, Any], times: np.ndarray
) -> dict[str, list[float]]:
    """Give inputs, as `record` takes them, as one number for each time."""
    unknown = sorted(set(inputs) - set(P.input_labels))
    if unknown:
        raise SignalError(
            f"{P.name} has no input {', '.join(map(repr, unknown))}. "
            f"Choose from: {', '.join(P.input_labels)}."
        )
    return {name: _samples(P, name, given, times) for name, given in inputs.items()}


def _samples(P: Plant, name: str, given: Any, times: np.ndarray) -> list[float]:
    if callable(given):
        given = [given(float(time)) for time in times]
    try:
        values = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        values = np.array(math.nan)
    if values.ndim == 0:
        values = np.full(len(times), float(values))
    if values.shape != times.shape or np.any(np.isnan(values)):
        raise SignalError(
            f"Input {name!r} of {P.name} needs one number in {P.units[name]}, or "
            f"{len(times)} of them (one for each time), without gaps."
        )
    return values.tolist()
