"""What a plant is: a python-control system that knows its units, limits, sensors and faults.

A plant's module describes its physics once, as a `Model`: signals, parameters, two functions on
plain floats (`rhs`, the state's time derivative, and `out`, the outputs), sensors and faults.
`Plant` hands these equations to python-control, and `millwright_labs.plants.Rig` integrates the
very same functions, so that an analysis and a test run never disagree about the machine.

The equations do not clip their inputs: a linear model taken at a limit would be wrong on one
side. The rig clips, as a real actuator does.
"""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from types import SimpleNamespace
from typing import Any, Self

import control as ct
import numpy as np

from millwright_labs.errors import FaultError, ParameterError
from millwright_labs.plants.checks import as_number
from millwright_labs.plants.sensors import SENSOR_FAULTS, Sensor

#: A fault's severity: a number in [0, 1] or a function of time (s) that returns one.
Severity = float | Callable[[float], float]

#: `rhs(t, x, u, p, f)` and `out(t, x, u, p, f)`: time (s), states, inputs, parameters by name,
#: fault severities by name; returns one float for each state or output.
Equation = Callable[[float, Sequence[float], Sequence[float], Any, Any], Sequence[float]]


def parameter(
    default: float,
    unit: str,
    source: str,
    meaning: str = "",
    minimum: float = -math.inf,
    maximum: float = math.inf,
) -> Any:
    """Declare a field of a plant's parameters with its unit, source and physical limits.

    `minimum` and `maximum` belong to the allowed range; ``minimum=POSITIVE`` asks for more
    than zero.
    """
    metadata = {
        "unit": unit,
        "source": source,
        "meaning": meaning,
        "minimum": minimum,
        "maximum": maximum,
    }
    return field(default=default, metadata=metadata)


#: The smallest number above zero that a physical constant may have.
POSITIVE = 1e-12


@dataclass(frozen=True)
class Parameters:
    """Base of every plant's parameters: frozen numbers, checked when made.

    Raises
    ------
    ParameterError
        Once, naming every field that is not a finite number or lies outside its limits.
    """

    def __post_init__(self) -> None:
        wrong = []
        for entry in fields(self):
            value = getattr(self, entry.name)
            unit = entry.metadata["unit"]
            minimum, maximum = entry.metadata["minimum"], entry.metadata["maximum"]
            try:
                number = as_number(value)
            except TypeError:
                wrong.append(f"{entry.name} must be a number in {unit}, got {value!r}")
                continue
            if not math.isfinite(number):
                wrong.append(f"{entry.name} must be finite, got {number}")
            elif number < minimum:
                bound = "above 0" if minimum == POSITIVE else f"at least {minimum:g}"
                wrong.append(f"{entry.name} must be {bound} {unit}, got {number:g}")
            elif number > maximum:
                wrong.append(f"{entry.name} must be at most {maximum:g} {unit}, got {number:g}")
            object.__setattr__(self, entry.name, number)
        if wrong:
            raise ParameterError(
                f"{type(self).__name__}: " + "; ".join(wrong) + ". Correct the value or leave "
                "the field out to take its default."
            )


@dataclass(frozen=True)
class Signal:
    """An input, state or output: its name, unit, meaning and limits.

    An input's limits are what its actuator can do; an output's what the machine may safely see.
    """

    name: str
    unit: str
    meaning: str
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class Fault:
    """A fault of the machine; `severity_1` says in units what severity 1 is."""

    name: str
    severity_1: str


@dataclass(frozen=True)
class Transport:
    """An output that arrives late, because the material has to travel to its sensor.

    `output` is `source`, as it was when the material now at the sensor passed the machine:
    `distance` (a parameter's name, m) ago at `speed` (an input's name, m/s). In the equations
    the output is an approximation with states; a rig follows the material itself.
    """

    output: str
    source: str
    distance: str
    speed: str


@dataclass(frozen=True)
class Model:
    """One kind of plant: everything but its numbers.

    Attributes
    ----------
    id, title, industry : str
        The plant's name in code, in a heading, and where it is found.
    equations : str
        Markdown with LaTeX, for the plant's card.
    inputs, states, outputs : tuple of Signal
    rest : callable
        ``rest(p)`` gives ``(x0, u0)``: the plant at rest with parameters `p`.
    rhs, out : callable
        See `Equation`. Only floats, attribute access and `math` are used inside.
    max_step : callable
        ``max_step(x, u, p, f)``: the longest Runge-Kutta step (s) that stays stable and
        accurate from state `x` on.
    step_reason : str
        Why that step, for the card.
    faults : tuple of Fault
        Faults of the machine. Sensor faults follow from `sensors`.
    sensors : mapping of str to Sensor
        By output. An output without a sensor is calculated, not measured.
    running_states : tuple of str
        States that keep running in steady operation, such as an axis' position.
    transports : tuple of Transport
        Outputs that material has to travel to.
    variants : mapping of str to Parameters
        Other machines of this kind, by name.
    sources : tuple of str
        Where structure and numbers come from.
    """

    id: str
    title: str
    industry: str
    equations: str
    inputs: tuple[Signal, ...]
    states: tuple[Signal, ...]
    outputs: tuple[Signal, ...]
    rest: Callable[[Any], tuple[Sequence[float], Sequence[float]]]
    rhs: Equation
    out: Equation
    max_step: Callable[[Sequence[float], Sequence[float], Any, Any], float]
    step_reason: str
    faults: tuple[Fault, ...]
    sensors: Mapping[str, Sensor]
    sources: tuple[str, ...]
    running_states: tuple[str, ...] = ()
    transports: tuple[Transport, ...] = ()
    variants: Mapping[str, Parameters] = field(default_factory=dict)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # A description does not change, and copies of a plant are the same kind of plant.
        return self

    @property
    def sensor_faults(self) -> tuple[Fault, ...]:
        """Faults of the sensors, named `<output>_<kind>`."""
        units = {signal.name: signal.unit for signal in self.outputs}
        return tuple(
            Fault(f"{output}_{kind}", describe(sensor, units[output]))
            for output, sensor in self.sensors.items()
            for kind, describe in SENSOR_FAULTS.items()
        )


def _checked_severity(name: str, severity: Severity) -> Severity:
    if callable(severity):
        return severity
    try:
        number = as_number(severity)
    except TypeError:
        number = math.nan
    if not 0.0 <= number <= 1.0:
        raise FaultError(
            f"Fault {name!r} has severity {severity!r}. Give a number from 0 (sound) to 1, or a "
            "function of time in seconds that returns one."
        )
    return number


def severity_at(name: str, severity: Severity, t: float) -> float:
    """Evaluate a severity at time `t` (s); a function's value is held within [0, 1]."""
    if not callable(severity):
        return severity
    number = float(severity(t))
    if math.isnan(number):
        raise FaultError(
            f"The severity function of fault {name!r} gave NaN at t = {t:g} s. Let it return a "
            "number from 0 to 1 at every time."
        )
    return min(max(number, 0.0), 1.0)


class Plant(ct.NonlinearIOSystem):
    """A machine as a python-control system with named signals, units, limits and faults.

    Made by the plants' own functions, such as `furnace_zone`. Use it wherever python-control
    takes a system: `control.input_output_response`, `control.interconnect`, `P.linearize`,
    `control.find_operating_point`. Its outputs are the true ones; `Rig` adds the sensors.

    Parameters
    ----------
    model : Model
        The kind of plant.
    parameters : Parameters
        Its numbers.
    faults : mapping of str to (float or callable), optional
        Severity in [0, 1] by fault, constant or a function of time (s). Functions are held
        within [0, 1], so that a ramp may run on.
    name : str, optional
        The system's name in python-control.

    Attributes
    ----------
    parameters : Parameters
        Frozen; every field's `metadata` has unit and source.
    faults : dict
        The given severities.
    units : dict of str to str
        Of every input, state, output and parameter.
    limits : dict of str to (float, float)
        Of every input (what the actuator can do) and output (what is safe).
    running_states : tuple of str
        States that keep running in steady operation.
    moving_faults : bool
        Whether a fault of the machine varies in time.

    Raises
    ------
    FaultError
        Unknown fault, or a severity outside [0, 1].
    """

    def __init__(
        self,
        model: Model,
        parameters: Parameters,
        faults: Mapping[str, Severity] | None = None,
        name: str | None = None,
    ):
        self.model = model
        self.parameters = parameters
        self.faults = {
            fault: _checked_severity(fault, severity) for fault, severity in (faults or {}).items()
        }
        known = [fault.name for fault in (*model.faults, *model.sensor_faults)]
        unknown = sorted(set(self.faults) - set(known))
        if unknown:
            raise FaultError(
                f"{model.id} has no fault {', '.join(map(repr, unknown))}. "
                f"Choose from: {', '.join(known)}."
            )
        self.units = {s.name: s.unit for s in (*model.inputs, *model.states, *model.outputs)}
        self.units |= {entry.name: entry.metadata["unit"] for entry in fields(parameters)}
        self.limits = {s.name: (s.low, s.high) for s in (*model.outputs, *model.inputs)}
        self.running_states = model.running_states
        self._severities = {
            fault.name: self.faults[fault.name]
            for fault in model.faults
            if fault.name in self.faults
        }
        self.moving_faults = any(callable(s) for s in self._severities.values())
        self._numbers = parameters
        self._constant = SimpleNamespace(**{fault.name: 0.0 for fault in model.faults})
        for fault, severity in self._severities.items():
            setattr(self._constant, fault, 0.0 if callable(severity) else severity)
        super().__init__(
            self._update,
            self._output,
            params=asdict(parameters),
            inputs=[s.name for s in model.inputs],
            outputs=[s.name for s in model.outputs],
            states=[s.name for s in model.states],
            dt=0,
            name=name or model.id,
        )

    @property
    def x0(self) -> np.ndarray:
        """The state at rest, shape (nstates,)."""
        return np.array(self.model.rest(self.parameters)[0], dtype=float)

    @property
    def u0(self) -> np.ndarray:
        """The inputs at rest, shape (ninputs,)."""
        return np.array(self.model.rest(self.parameters)[1], dtype=float)

    def __copy__(self) -> Self:
        # python-control keeps the equations as bound methods; a shallow copy's would be ours.
        return copy.deepcopy(self)

    def severities(self, t: float = 0.0) -> Any:
        """Give the machine's fault severities at time `t` (s), by name."""
        if not self.moving_faults:
            return self._constant
        f = SimpleNamespace(**vars(self._constant))
        for fault, severity in self._severities.items():
            setattr(f, fault, severity_at(fault, severity, t))
        return f

    def _update(
        self, t: float, x: np.ndarray, u: np.ndarray, params: Mapping[str, float]
    ) -> np.ndarray:
        f = self.severities(t)
        return np.array(self.model.rhs(t, x.tolist(), u.tolist(), self._numbers, f))

    def _output(
        self, t: float, x: np.ndarray, u: np.ndarray, params: Mapping[str, float]
    ) -> np.ndarray:
        f = self.severities(t)
        return np.array(self.model.out(t, x.tolist(), u.tolist(), self._numbers, f))

    def _update_params(self, params: Mapping[str, float] | None) -> None:
        # python-control calls this before each analysis with the `params` of that call; of an
        # interconnected system they may name other systems' parameters as well.
        super()._update_params(params)
        mine = {name: self._current_params[name] for name in self.params}
        same = mine == asdict(self.parameters)
        self._numbers = self.parameters if same else replace(self.parameters, **mine)

    def __str__(self) -> str:
        numbers = ", ".join(
            f"{name} = {value:g} {self.units[name]}" for name, value in self.params.items()
        )
        return f"{ct.InputOutputSystem.__str__(self)}\nParameters: {numbers}"

    def __repr__(self) -> str:
        def named(signals: tuple[Signal, ...]) -> str:
            return ", ".join(f"{s.name} ({s.unit})" for s in signals)

        faults = ", ".join(
            f"{name} {'varying' if callable(s) else format(s, 'g')}"
            for name, s in self.faults.items()
        )
        return (
            f"<{self.name}: {named(self.model.inputs)} -> {named(self.model.outputs)}; "
            f"faults: {faults or 'none'}>"
        )
