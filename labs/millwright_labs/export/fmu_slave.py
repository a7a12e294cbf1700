"""The plant inside an FMU. Its text goes into the FMU, before the plant's equations.

Nothing is used but Python's standard library, pythonfmu3 (which the FMU brings along) and what
stands below it in the FMU's script.
"""

from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

from pythonfmu3 import (
    DefaultExperiment,
    Float64,
    Fmi3Causality,
    Fmi3Initial,
    Fmi3Slave,
    Fmi3StepResult,
    Fmi3Variability,
)

# What an FMU's script puts in after this text.
PLANT: dict[str, Any] = {}
Line: Any = None
integrate: Any = None
rest: Any = None
rhs: Any = None
out: Any = None
max_step: Any = None


class UnitName:
    """A unit by its name alone."""

    def __init__(self, name: str):
        self.name = name

    def to_xml(self) -> Element:
        """Give the unit's entry in the model description."""
        return Element("Unit", {"name": self.name})


class LimitedFloat64(Float64):
    """A number with limits."""

    def __init__(self, name: str, low: float | None, high: float | None, **kwargs: Any):
        super().__init__(name, **kwargs)
        self.limits = {"min": low, "max": high}

    def to_xml(self) -> Element:
        """Give the variable's entry in the model description."""
        element = super().to_xml()
        for key, value in self.limits.items():
            if value is not None:
                element.set(key, repr(value))
        return element


class PlantSlave(Fmi3Slave):
    """A plant that holds its inputs through each step and integrates as a rig does."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.modelName = PLANT["id"]
        self.description = PLANT["title"]
        self.author, self.license = PLANT["author"], PLANT["license"]
        self.default_experiment = DefaultExperiment(0.0, PLANT["stop"], PLANT["step"])
        self.register_units([UnitName(name) for name in PLANT["units"]])
        self.values: dict[str, float] = {}
        for entry in PLANT["variables"]:
            self._register(entry)
        self.t = 0.0
        self.register_variable(
            Float64(
                "time",
                unit="s",
                causality=Fmi3Causality.independent,
                variability=Fmi3Variability.continuous,
                getter=lambda: self.t,
            )
        )
        self._start()

    def _register(self, entry: dict[str, Any]) -> None:
        name, kind = entry["name"], entry["kind"]
        self.values[name] = entry.get("start", 0.0)

        def get() -> float:
            return self.values[name]

        def put(value: float) -> None:
            self.values[name] = value

        common: dict[str, Any] = {
            "unit": entry["unit"],
            "description": entry["description"],
            "getter": get,
            "setter": put,
        }
        if kind == "parameter":
            common |= {"causality": Fmi3Causality.parameter, "variability": Fmi3Variability.fixed}
            common |= {"initial": Fmi3Initial.exact, "start": entry["start"]}
        elif kind == "input":
            common |= {"causality": Fmi3Causality.input, "start": entry["start"]}
        else:
            common |= {"causality": Fmi3Causality.output, "initial": Fmi3Initial.calculated}
        self.register_variable(LimitedFloat64(name, entry["low"], entry["high"], **common))

    def _start(self) -> None:
        """Take the parameters and stand at rest."""
        self.parameters = SimpleNamespace(
            **{name: self.values[name] for name in PLANT["parameters"]}
        )
        x0, u0 = rest(self.parameters)
        self.u0 = list(u0)
        self.model = SimpleNamespace(rhs=rhs, max_step=max_step, out=out)
        self.moving_faults = False
        self.input_labels, self.output_labels = list(PLANT["inputs"]), PLANT["outputs"]
        self.state = list(x0)
        self.lines = [
            Line(self, SimpleNamespace(**transport), self.state)
            for transport in PLANT["transports"]
        ]
        self._measure(self.u0)

    def severities(self, t: float = 0.0) -> SimpleNamespace:
        """Give the severities of the faults, held within 0 and 1."""
        return SimpleNamespace(
            **{name: min(max(self.values[f"faults.{name}"], 0.0), 1.0) for name in PLANT["faults"]}
        )

    def output(self, t: float, x: list[float], u: list[float]) -> list[float]:
        """Give the true outputs."""
        return list(out(t, x, u, self.parameters, self.severities(t)))

    def _measure(self, u: list[float]) -> None:
        outputs = self.output(self.t, self.state, u)
        for line in self.lines:
            outputs[line.place] = line.arriving()
        self.values.update(zip(self.output_labels, outputs, strict=True))

    def exit_initialization_mode(self) -> None:
        """Refuse parameters outside their limits."""
        for entry in PLANT["variables"]:
            value = self.values[entry["name"]]
            low, high = entry["low"], entry["high"]
            below, above = low is not None and value < low, high is not None and value > high
            if entry["kind"] == "parameter" and (below or above or value != value):
                raise ValueError(
                    f"{entry['name']} = {value} {entry['unit']} is outside its limits "
                    f"({low} to {high}). Correct the value or leave it out."
                )
        self._start()

    def setup_experiment(self, start_time: float) -> None:
        """Start the clock."""
        self.t = start_time

    def do_step(self, current_time: float, step_size: float) -> Fmi3StepResult:
        """Hold the inputs, clipped as the actuators do, through one step."""
        u = [
            min(max(self.values[name], low), high) for name, (low, high) in PLANT["inputs"].items()
        ]
        trace: list[Any] = [(current_time, self.state)]
        self.state = integrate(self, current_time, self.state, u, step_size, trace)
        for line in self.lines:
            line.move(self, u, trace)
        self.t = current_time + step_size
        self._measure(u)
        return Fmi3StepResult()
