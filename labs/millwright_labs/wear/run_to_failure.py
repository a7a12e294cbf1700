"""A fleet of any plant, each machine used in cycles until it fails.

A cycle is one use of the machine: a flight, a shift, a test stroke. In each, the plant itself runs
from rest (compiled, see `millwright_labs.plants.simulate`) with the faults as severe as they are by
then, and its sensors give features. Between cycles faults grow by a law of their own, faster in one
machine than in another and never evenly. A machine has failed when a fault reaches severity 1 or
when what the machine really does leaves a limit. It may also leave the fleet unbroken: then its
life is censored.

Left out: lost samples and dead times of sensors, repair, wear within a cycle.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from millwright_labs.errors import FaultError, ParameterError, SignalError
from millwright_labs.plants.fast import run_cycles
from millwright_labs.plants.plant import POSITIVE, Parameters, Plant, parameter
from millwright_labs.plants.rig import checked_times
from millwright_labs.wear.progress import watched

OURS = "ours: representative"

#: A machine that has not failed after so many cycles needs a `last`.
MOST_CYCLES = 20_000

#: What is measured in each cycle: unit, and a function of the run that gives one number a cycle.
#: The run holds, by input and output, arrays of shape (cycles, samples).
Features = Mapping[str, tuple[str, Callable[[Mapping[str, np.ndarray]], np.ndarray]]]


@dataclass(frozen=True)
class Growth(Parameters):
    """How a fault grows: its severity is the wear done so far to a power, 1 at the end."""

    life: float = parameter(
        100.0, "cycles", OURS, "median cycles to severity 1", minimum=1.0, maximum=MOST_CYCLES
    )
    life_scatter: float = parameter(
        0.2, "1", OURS, "standard deviation of ln life between machines", minimum=0.0, maximum=1.0
    )
    exponent: float = parameter(
        2.0, "1", OURS, "power of wear: 1 grows evenly, more starts slowly",
        minimum=0.1, maximum=10.0,
    )  # fmt: skip
    unevenness: float = parameter(
        1.0, "1", OURS, "spread of wear over its mean, by cycle", minimum=POSITIVE, maximum=10.0
    )


class FleetHistories(NamedTuple):
    """What `run_to_failure` gives.

    Attributes
    ----------
    histories : pandas.DataFrame
        One row a cycle: machine, cycle (from 1), the features as measured.
    lives : pandas.DataFrame
        One row a machine: machine, cycles, failed (False: it left unbroken) and cause, the fault
        or the feature that ended it.
    """

    histories: pd.DataFrame
    lives: pd.DataFrame


def run_to_failure(
    P: Plant,
    t: Sequence[float] | np.ndarray,
    inputs: Mapping[str, Any],
    growth: Mapping[str, Growth],
    machines: int | range = 100,
    seed: int | None = None,
    limits: Mapping[str, tuple[float, float]] | None = None,
    features: Features | None = None,
    spread: Mapping[str, float] | None = None,
    last: int | None = None,
    withdrawal: float = 0.0,
    truth: bool = False,
    progress: bool | None = None,
) -> FleetHistories:
    """Use every machine of a fleet until it fails.

    Parameters
    ----------
    P : Plant
        The machine when new; faults that it has already stay as they are.
    t : array_like, shape (n,)
        Sample times (s) of one cycle.
    inputs : mapping
        What is done in a cycle, as for `plants.simulate`.
    growth : mapping of str to Growth
        How each of the machine's faults grows.
    machines : int or range
        How many, or which. Machine k of a seed is the same in every call, so a large fleet may be
        drawn in parts: ``range(500, 1000)``.
    seed : int, optional
        The same seed gives the same fleet.
    limits : mapping of str to (float, float), optional
        Lowest and highest value of features beyond which the machine has failed. They are held
        against what the machine does, not against what its sensors say.
    features : mapping of str to (str, callable), optional
        By name: unit and function, see `Features`. Default: the mean of each measured output.
    spread : mapping of str to float, optional
        By parameter: standard deviation of its logarithm between machines.
    last : int, optional
        The cycle after which nobody watches any more: who still runs is censored.
    withdrawal : float
        Probability in a cycle that a machine leaves unbroken, censored as well.
    truth : bool
        Whether to add severities and cycles left (`rul`; of a censored machine: to its end of
        observation), which no sensor shows.
    progress : bool, optional
        Whether to show a bar. Default: on a terminal and in a notebook.

    Returns
    -------
    FleetHistories
        Two tables; units in ``.attrs["units"]``.

    Raises
    ------
    FaultError
        Not a fault of the machine, or one that P has already as a function of time.
    ParameterError
        A spread of an unknown parameter, or one that takes a parameter out of its range.
    SignalError
        Wrong times, inputs, features, limits or numbers; a sound machine beyond a limit.
    """
    times = checked_times(t)
    numbers = range(machines) if isinstance(machines, int) else machines
    if isinstance(machines, bool) or not isinstance(numbers, range) or not len(numbers):
        raise SignalError(f"The machines must be a number above 0 or a range, got {machines!r}.")
    _check_growth(P, growth)
    if last is not None and (isinstance(last, bool) or not isinstance(last, int) or last < 1):
        raise SignalError(f"The last cycle must be a whole number above 0, got {last!r}.")
    if isinstance(withdrawal, bool) or not 0.0 <= withdrawal < 1.0:
        raise SignalError(f"The withdrawal must be a probability below 1, got {withdrawal!r}.")
    features = features or _means(P)
    units = {"machine": "1", "cycle": "cycles"} | {
        name: unit for name, (unit, _) in features.items()
    }
    limits = dict(limits or {})
    unknown = sorted(set(limits) - set(features))
    if unknown:
        raise SignalError(
            f"There is no feature {', '.join(map(repr, unknown))} to limit. "
            f"Choose from: {', '.join(features)}."
        )
    try:
        entropy = np.random.SeedSequence(seed).entropy
    except (TypeError, ValueError):
        raise SignalError(f"The seed must be a whole number from 0 up, got {seed!r}.") from None
    _check_spread(P, spread or {})
    fleet = _Duty(P, times, inputs, growth, features, limits, spread or {}, last, withdrawal)
    fleet.check_sound()
    histories, lives = [], []
    for k in watched(numbers, len(numbers), progress):
        rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(k,)))
        history, life = fleet.live(k, rng, truth)
        histories.append(history)
        lives.append(life)
    names = list(histories[0])
    table = pd.DataFrame({name: np.concatenate([h[name] for h in histories]) for name in names})
    if truth:
        units |= dict.fromkeys(growth, "1") | {"rul": "cycles"}
    table.attrs["units"] = units
    summary = pd.DataFrame(lives, columns=["machine", "cycles", "failed", "cause"])
    summary.attrs["units"] = {"machine": "1", "cycles": "cycles", "failed": "1", "cause": "1"}
    for frame in (table, summary):
        frame.attrs["plant"] = P.model.id
    return FleetHistories(table, summary)


def severity_path(growth: Growth, rng: np.random.Generator, last: int | None = None) -> np.ndarray:
    """Draw a machine's severity cycle by cycle, up to the first 1 or to cycle `last`."""
    life = growth.life * math.exp(growth.life_scatter * rng.standard_normal())
    shape = growth.unevenness**-2
    wear = np.zeros(1)
    while wear[-1] < 1.0 and len(wear) <= MOST_CYCLES:
        steps = rng.gamma(shape, 1.0 / (life * shape), int(1.2 * life) + 10)
        wear = np.concatenate((wear, wear[-1] + np.cumsum(steps)))
    end = int(np.argmax(wear >= 1.0)) if wear[-1] >= 1.0 else MOST_CYCLES
    severity = np.minimum(wear[1 : end + 1], 1.0) ** growth.exponent
    return severity[:last]


@dataclass(frozen=True)
class _Duty:
    """What every machine of the fleet has in common."""

    P: Plant
    t: np.ndarray
    inputs: Mapping[str, Any]
    growth: Mapping[str, Growth]
    features: Features
    limits: Mapping[str, tuple[float, float]]
    spread: Mapping[str, float]
    last: int | None
    withdrawal: float

    def check_sound(self) -> None:
        """Run the new machine once: wrong features and limits show before the fleet runs."""
        severities = {name: np.zeros(1) for name in self.growth}
        values = self.measure(*self.run(self.P, severities))
        cause = self.beyond(values, 1)[1]
        if cause:
            low, high = self.limits[cause]
            raise SignalError(
                f"{self.P.name} when new has {cause} = {values[cause][0]:g}, outside {low:g} to "
                f"{high:g}. Choose wider limits or another duty."
            )

    def live(
        self, k: int, rng: np.random.Generator, truth: bool
    ) -> tuple[dict[str, np.ndarray], tuple[int, int, bool, str]]:
        P = self.varied(rng)
        paths = {name: severity_path(law, rng, self.last) for name, law in self.growth.items()}
        cycles = min(map(len, paths.values()))
        withdrawn = int(rng.geometric(self.withdrawal)) if self.withdrawal else MOST_CYCLES
        ended = [name for name, path in paths.items() if len(path) == cycles and path[-1] >= 1.0]
        failed, cause = bool(ended), ended[0] if ended else ""
        if withdrawn < cycles:
            cycles, failed, cause = withdrawn, False, ""
        paths = {name: path[:cycles] for name, path in paths.items()}
        u, y = self.run(P, paths)
        first, limit = self.beyond(self.measure(u, y), cycles)
        if limit:
            cycles, failed, cause = first, True, limit
        measured = self.measure(u, self.sensed(y, rng))
        history = {"machine": np.full(cycles, k + 1), "cycle": np.arange(1, cycles + 1)}
        history |= {name: values[:cycles] for name, values in measured.items()}
        if truth:
            history |= {name: path[:cycles] for name, path in paths.items()}
            history["rul"] = cycles - history["cycle"]
        return history, (k + 1, cycles, failed, cause)

    def varied(self, rng: np.random.Generator) -> Plant:
        """Give this machine's plant."""
        if not self.spread:
            return self.P
        p = self.P.parameters
        factors = {name: math.exp(s * rng.standard_normal()) for name, s in self.spread.items()}
        p = replace(p, **{name: getattr(p, name) * factor for name, factor in factors.items()})
        return type(self.P)(self.P.model, p, self.P.faults, self.P.name)

    def run(
        self, P: Plant, severities: Mapping[str, np.ndarray]
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Give inputs and true outputs by name, each of shape (cycles, samples)."""
        constant = {n: np.asarray(v) for n, v in vars(P.severities()).items() if v}
        u, y = run_cycles(P, self.t, self.inputs, constant | dict(severities))
        return (
            {name: u[:, :, i] for i, name in enumerate(P.input_labels)},
            {name: y[:, :, i] for i, name in enumerate(P.output_labels)},
        )

    def sensed(self, y: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Give outputs as the sensors read them; those without a sensor are left out."""
        seen = {}
        for name, sensor in self.P.model.sensors.items():
            values = y[name] + sensor.noise * rng.standard_normal(y[name].shape)
            values = np.clip(values, sensor.low, sensor.high)
            if sensor.step:
                values = np.round(values / sensor.step) * sensor.step
            seen[name] = values
        return seen

    def measure(self, u: dict[str, np.ndarray], y: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Give the features, one value a cycle."""
        run, cycles = {**u, **y}, len(next(iter(u.values())))
        values = {}
        for name, (_, feature) in self.features.items():
            try:
                values[name] = np.asarray(feature(run), dtype=float)
            except (TypeError, ValueError, KeyError, IndexError) as problem:
                raise SignalError(
                    f"The feature {name!r} failed: {type(problem).__name__}: {problem}. It takes "
                    "a mapping of signals, arrays of (cycles, samples); calculated outputs "
                    "without a sensor are not among them."
                ) from problem
            if values[name].shape != (cycles,) or not np.all(np.isfinite(values[name])):
                raise SignalError(
                    f"The feature {name!r} must give one number for each of {cycles} cycles, got "
                    f"shape {values[name].shape}, or values that are not finite."
                )
        return values

    def beyond(self, values: Mapping[str, np.ndarray], cycles: int) -> tuple[int, str]:
        """Give the first cycle beyond a limit, and whose; ``""`` if there is none."""
        first, cause = cycles, ""
        for name, (low, high) in self.limits.items():
            outside = (values[name] < low) | (values[name] > high)
            if outside.any() and (cycle := int(np.argmax(outside)) + 1) <= first:
                first, cause = cycle, name
        return first, cause


def _means(P: Plant) -> Features:
    def mean_of(name: str) -> Callable[[Mapping[str, np.ndarray]], np.ndarray]:
        return lambda run: run[name].mean(axis=1)

    return {name: (P.units[name], mean_of(name)) for name in P.model.sensors}


def _check_growth(P: Plant, growth: Mapping[str, Growth]) -> None:
    known = [fault.name for fault in P.model.faults]
    unknown = sorted(set(growth) - set(known))
    if unknown or not growth:
        raise FaultError(
            f"{P.model.id} has no fault {', '.join(map(repr, unknown)) or 'to grow'} in its "
            f"equations. Choose from: {', '.join(known)}."
        )
    if P.moving_faults:
        raise FaultError(
            "The machine has a fault as a function of time. Leave it out, or let it grow by a "
            "Growth."
        )
    if any(not isinstance(law, Growth) for law in growth.values()):
        raise FaultError("How a fault grows is a Growth, such as Growth(life=100.0).")


def _check_spread(P: Plant, spread: Mapping[str, float]) -> None:
    known = [entry.name for entry in fields(P.parameters)]
    for name, value in spread.items():
        if name not in known:
            raise ParameterError(
                f"{P.model.id} has no parameter {name!r}. Choose from: {', '.join(known)}."
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ParameterError(f"The spread of {name} must be from 0 to 1, got {value!r}.")
