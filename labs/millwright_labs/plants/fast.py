"""Plants compiled: the same equations as `Rig`, hundreds of times as fast.

`simulate` runs one plant, `simulate_fleet` many of one kind in one call, open loop or with a
controller. What is compiled (by numba, on the first run) are the plant's own functions `rhs`, `out`
and `max_step`, so a plant is still described once. Integration, clipping of inputs, dead times of
material and the choice of steps are those of `Rig`; outputs are the true ones, without sensors.

Severities that vary in time are sampled: each sample runs at the severity of its middle.

Compiled code is kept in the user's cache folder, or in memory where nothing can be written. Its
name follows from all that went into it, so code that has changed is compiled anew.
"""

import contextlib
import functools
import hashlib
import math
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
import pandas as pd

from millwright_labs.errors import CompilationError, DivergenceError, SignalError
from millwright_labs.plants.checks import as_number
from millwright_labs.plants.plant import Model, Plant
from millwright_labs.plants.rig import checked_samples, checked_state, checked_times

#: `law(s, r, y, k) -> (u, s_next)`: state, references, measurements and numbers of a controller;
#: all are tuples of floats.
Law = Callable[[Any, Any, Any, Any], tuple[tuple[float, ...], tuple[float, ...]]]

#: More steps in one sample than this mean that the state runs away.
MOST_STEPS = 1e7


@dataclass(frozen=True)
class Controller:
    """A controller that `simulate` compiles together with the plant.

    Parameters
    ----------
    law : callable
        ``law(s, r, y, k) -> (u, s_next)``, with the controller's state, the references, the
        measurements and its numbers, each a tuple of floats. It returns two tuples of floats:
        the inputs that it drives, and its next state; a continuous one the rate of its state
        (1/s) instead. Only floats, tuples and `math` can be compiled.
    reads : sequence of str
        Outputs that it measures.
    drives : sequence of str
        Inputs that it sets; the actuator's limits hold.
    numbers : sequence of float
        `k`: gains and whatever else should change without compiling again.
    state : sequence of float
        State at the start; one 0 if it has none.
    continuous : bool
        False: the law runs once a sample, as a computer does. True: it runs all the time, as in
        a block diagram.
    """

    law: Law
    reads: Sequence[str]
    drives: Sequence[str]
    numbers: Sequence[float] = (0.0,)
    state: Sequence[float] = (0.0,)
    continuous: bool = False


def _pi_sampled(s: Any, r: Any, y: Any, k: Any) -> Any:
    Kp, Ki, low, high, dt = k[0], k[1], k[2], k[3], k[4]
    e = r[0] - y[0]
    wanted = Kp * e + s[0]
    u = min(max(wanted, low), high)
    # The integral waits while the limit holds and the error would take it further.
    waits = (wanted > u and Ki * e > 0.0) or (wanted < u and Ki * e < 0.0)
    return (u,), (s[0] if waits else s[0] + Ki * e * dt,)


def _pi_continuous(s: Any, r: Any, y: Any, k: Any) -> Any:
    Kp, Ki, low, high = k[0], k[1], k[2], k[3]
    e = r[0] - y[0]
    wanted = Kp * e + s[0]
    u = min(max(wanted, low), high)
    waits = (wanted > u and Ki * e > 0.0) or (wanted < u and Ki * e < 0.0)
    return (u,), (0.0 if waits else Ki * e,)


def pi(
    P: Plant,
    reads: str,
    drives: str,
    Kp: float,
    Ki: float,
    dt: float | None = None,
    start: float = 0.0,
) -> Controller:
    """Give a PI controller with its actuator's limits; its integral waits at a limit.

    Parameters
    ----------
    P : Plant
        The machine.
    reads, drives : str
        The output that it measures and the input that it sets.
    Kp : float
        Gain, in units of the input per unit of the output.
    Ki : float
        Integral gain (as Kp, per second).
    dt : float, optional
        Sample time (s) of a computer's controller; None is a continuous one.
    start : float
        The integral at the start, in units of the input.
    """
    low, high = P.limits.get(drives, (-math.inf, math.inf))
    if dt is None:
        return Controller(
            _pi_continuous, (reads,), (drives,), (Kp, Ki, low, high), (start,), continuous=True
        )
    return Controller(_pi_sampled, (reads,), (drives,), (Kp, Ki, low, high, dt), (start,))


@dataclass(frozen=True)
class Fleet:
    """What many machines of a kind did.

    Attributes
    ----------
    machines : tuple of Plant
    t : ndarray, shape (n,)
        Times (s).
    x, u, y : ndarray, shape (machines, n, …)
        States, inputs as applied and true outputs, in the order of the plant's labels.
    """

    machines: tuple[Plant, ...]
    t: np.ndarray
    x: np.ndarray
    u: np.ndarray
    y: np.ndarray

    def table(self, machine: int = 0) -> pd.DataFrame:
        """Give one machine's run as `record` gives it."""
        P = self.machines[machine]
        columns = [*P.input_labels, *P.output_labels]
        table = pd.DataFrame(
            np.hstack((self.u[machine], self.y[machine])),
            index=pd.Index(self.t, name="t"),
            columns=columns,
        )
        table.attrs["units"] = {"t": "s"} | {name: P.units[name] for name in columns}
        table.attrs["plant"] = P.model.id
        return table


def simulate(
    P: Plant,
    t: Sequence[float] | np.ndarray,
    inputs: Mapping[str, Any],
    x0: Sequence[float] | np.ndarray | None = None,
    controller: Controller | None = None,
    reference: Any = None,
    substeps: int | None = None,
) -> pd.DataFrame:
    """Run a test as `record` does with ``sensors=False``, compiled.

    Parameters
    ----------
    P : Plant
        The machine.
    t : array_like, shape (n,)
        Times (s) of the samples, increasing; the plant starts at the first one.
    inputs : mapping of str to float, array_like of shape (n,), or callable
        As for `record`: row k's inputs are held from ``t[k]`` to ``t[k+1]``, and clipped to the
        actuators' limits. Inputs left out stay at `P.u0`.
    x0 : array_like, shape (nstates,), optional
        Initial state; default `P.x0`.
    controller : Controller, optional
        Sets its inputs from ``t[0]`` on; see `pi` for a ready one.
    reference : float, array_like of shape (n,), callable, or a sequence of them
        What the controller should follow, one for each output that it reads; held as inputs are.
    substeps : int, optional
        Runge-Kutta steps in each sample; default as many as the plant's `max_step` asks for.

    Returns
    -------
    pandas.DataFrame
        As from `record`: index `t`; inputs, then true outputs. Units in ``.attrs["units"]``.

    Raises
    ------
    SignalError
        Wrong times, names, lengths, or values that are no numbers.
    CompilationError
        The controller (or a plant of your own) cannot be compiled.
    DivergenceError
        The state runs away.
    """
    return simulate_fleet([P], t, inputs, x0, controller, reference, substeps).table()


def simulate_fleet(
    machines: Sequence[Plant],
    t: Sequence[float] | np.ndarray,
    inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    x0: Sequence[float] | np.ndarray | None = None,
    controller: Controller | Sequence[Controller] | None = None,
    reference: Any = None,
    substeps: int | None = None,
) -> Fleet:
    """Run many machines of one kind in one call.

    Parameters
    ----------
    machines : sequence of Plant
        All of one kind, each with its own parameters and faults.
    t
        As for `simulate`, common to all.
    inputs : mapping, or sequence of mappings
        As for `simulate`: common to all, or one mapping for each machine.
    x0 : array_like, shape (nstates,) or (machines, nstates), optional
        Initial states; default each machine's own `x0`.
    controller : Controller, or a sequence of them
        Common to all, or one for each machine: the same law with other numbers and states.
    reference, substeps
        As for `simulate`, common to all.

    Returns
    -------
    Fleet

    Raises
    ------
    SignalError, CompilationError, DivergenceError
        As `simulate`; no machines, or machines of different kinds, are a SignalError as well.
    """
    machines = tuple(machines)
    if not machines or any(P.model is not machines[0].model for P in machines):
        raise SignalError(
            "A fleet is one or more machines of one kind, with the same faults named. Run other "
            "kinds in another call."
        )
    times = checked_times(t)
    each = [inputs] if isinstance(inputs, Mapping) else list(inputs)
    U = np.stack([_inputs(P, given, times) for P, given in _pairs(machines, each, "inputs")])
    states = [None] if x0 is None else [x0] if np.ndim(x0) < 2 else list(x0)
    X0 = np.array([checked_state(P, given) for P, given in _pairs(machines, states, "x0")])
    law = _Loop.of(machines, controller, reference, times)
    constant = not any(P.moving_faults for P in machines)
    middles = times + 0.5 * np.diff(times, append=times[-1])
    return Fleet(
        machines,
        times,
        *_run(
            machines[0].model,
            times,
            np.stack([P.u0 for P in machines]),
            U,
            np.stack([_severities(P, times[:1] if constant else middles) for P in machines]),
            np.stack([_severities(P, times[:1] if constant else times) for P in machines]),
            np.stack([parameter_record(P.parameters) for P in machines]),
            X0,
            law,
            _checked_substeps(substeps),
        ),
    )


def parameter_record(parameters: Any) -> np.ndarray:
    """Give parameters as one record, as the compiled equations take them."""
    return np.array(
        astuple(parameters), dtype=[(entry.name, float) for entry in fields(parameters)]
    )


def severity_records(model: Model, severities: Mapping[str, np.ndarray], n: int) -> np.ndarray:
    """Give `n` records of fault severities; faults left out are 0."""
    records = np.zeros(n, dtype=[(fault.name, float) for fault in model.faults])
    for name, values in severities.items():
        records[name] = values
    return records


def run_cycles(
    P: Plant,
    t: np.ndarray,
    inputs: Mapping[str, Any],
    severities: Mapping[str, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Run one machine from rest again and again, each time with other, constant severities.

    Parameters
    ----------
    P : Plant
        The machine.
    t, inputs
        One cycle, as for `simulate`.
    severities : mapping of str to ndarray, shape (cycles,)
        By fault.

    Returns
    -------
    u, y : ndarray, shape (cycles, n, …)
        Inputs as applied and true outputs.
    """
    cycles = len(next(iter(severities.values())))
    records = severity_records(P.model, severities, cycles)[:, None]
    _, u, y = _run(
        P.model,
        t,
        P.u0[None],
        _inputs(P, inputs, t)[None],
        records,
        records,
        parameter_record(P.parameters)[None],
        np.broadcast_to(P.x0, (cycles, P.nstates)),
        _Loop.of((P,), None, None, t),
        0,
        keep=False,
    )
    return u, y


def _pairs(machines: tuple[Plant, ...], given: list[Any], what: str) -> Iterator[tuple[Plant, Any]]:
    """Pair every machine with what is given for it; one for all gives one pair."""
    if len(given) not in (1, len(machines)):
        raise SignalError(
            f"{len(machines)} machines need {what} once for all or once for each, got {len(given)}."
        )
    if len(given) == 1 and given[0] is None:
        given = given * len(machines)
    return zip(machines, given, strict=False)


def _inputs(P: Plant, inputs: Mapping[str, Any], times: np.ndarray) -> np.ndarray:
    U = np.tile(P.u0, (len(times), 1))
    for name, values in checked_samples(P, inputs, times).items():
        place = P.input_labels.index(name)
        U[:, place] = np.clip(values, *P.limits[name])
    return U


def _severities(P: Plant, times: np.ndarray) -> np.ndarray:
    """Severities of the machine's faults at some times, as records."""
    names = [fault.name for fault in P.model.faults]
    at = [vars(P.severities(time)) for time in times.tolist()]
    return severity_records(
        P.model, {name: np.array([f[name] for f in at]) for name in names}, len(at)
    )


def _checked_substeps(substeps: Any) -> int:
    if substeps is None:
        return 0
    try:
        number = as_number(substeps)
    except TypeError:
        number = math.nan
    if not 1 <= number <= MOST_STEPS or number != int(number):
        raise SignalError(f"substeps must be a whole number above 0, got {substeps!r}.")
    return int(number)


# Controllers


def _no_law(s: Any, r: Any, y: Any, k: Any) -> Any:
    return (0.0,), (0.0,)


@dataclass(frozen=True)
class _Loop:
    """A checked controller, as arrays."""

    law: Law
    reads: np.ndarray
    drives: np.ndarray
    numbers: np.ndarray
    state: np.ndarray
    reference: np.ndarray
    continuous: bool

    @classmethod
    def of(
        cls,
        machines: tuple[Plant, ...],
        controller: Controller | Sequence[Controller] | None,
        reference: Any,
        times: np.ndarray,
    ) -> "_Loop":
        P = machines[0]
        if controller is None:
            if reference is not None:
                raise SignalError("A reference needs a controller to follow it. Give one.")
            nothing = np.zeros(0, dtype=np.int64)
            one = np.zeros((1, 1))
            return cls(_no_law, nothing, nothing, one, one, np.zeros((len(times), 1)), False)
        all_of_them = [controller] if isinstance(controller, Controller) else list(controller)
        for _ in _pairs(machines, all_of_them, "a controller"):
            pass
        first = all_of_them[0]
        kind = (first.law, tuple(first.reads), tuple(first.drives), first.continuous)
        if any((c.law, tuple(c.reads), tuple(c.drives), c.continuous) != kind for c in all_of_them):
            raise SignalError("The controllers of a fleet must have one law, reads and drives.")
        loop = cls(
            first.law,
            _places(P, first.reads, P.output_labels, "output"),
            _places(P, first.drives, P.input_labels, "input"),
            _rows([c.numbers for c in all_of_them], "numbers"),
            _rows([c.state for c in all_of_them], "state"),
            _references(P, first.reads, reference, times),
            first.continuous,
        )
        loop.check(P, first)
        return loop

    def check(self, P: Plant, controller: Controller) -> None:
        """Run the law once in Python, so that what is wrong with it is said in its own words."""
        y = P.output(0.0, P.x0, P.u0)[self.reads]
        u: Any = None
        s: Any = None
        with np.errstate(all="ignore"):
            try:
                given = (self.state[0], self.reference[0], y, self.numbers[0])
                u, s = self.law(*(tuple(row.tolist()) for row in given))
                shape = (len(u), len(s))
            except (TypeError, ValueError, IndexError) as problem:
                raise SignalError(
                    f"The controller's law failed on its first call: {problem}. It takes tuples "
                    "(s, r, y, k) and returns two tuples: inputs and next state."
                ) from problem
        if shape != (len(self.drives), self.state.shape[1]):
            raise SignalError(
                f"The controller drives {len(self.drives)} inputs and has {self.state.shape[1]} "
                f"states, but its law returned {shape[0]} and {shape[1]} numbers. Let it return "
                "two tuples of that many."
            )
        if not self.continuous:
            return
        late = [tr.output for tr in P.model.transports if tr.output in controller.reads]
        if late:
            raise SignalError(
                f"{late[0]!r} arrives late, as material that travels. Use a sampled controller."
            )
        for place in self.drives:
            moved = P.u0
            moved[place] += 1.0
            if np.any(P.output(0.0, P.x0, moved)[self.reads] != y):
                raise SignalError(
                    f"{P.input_labels[place]!r} changes what the controller reads at once, an "
                    "algebraic loop. Use a sampled controller."
                )


def _places(P: Plant, names: Sequence[str], labels: list[str], kind: str) -> np.ndarray:
    if isinstance(names, str) or not names or any(name not in labels for name in names):
        raise SignalError(
            f"{P.name} has no {kind} {names!r} for a controller. Give a list of: "
            f"{', '.join(labels)}."
        )
    return np.array([labels.index(name) for name in names], dtype=np.int64)


def _rows(rows: list[Sequence[float]], what: str) -> np.ndarray:
    try:
        values = np.array(rows, dtype=float)
    except (TypeError, ValueError):
        values = np.array(math.nan)
    if values.ndim != 2 or not values.shape[1] or np.any(np.isnan(values)):
        raise SignalError(f"A controller's {what} must be one or more numbers, the same for all.")
    return values


def _references(P: Plant, reads: Sequence[str], given: Any, times: np.ndarray) -> np.ndarray:
    one = len(reads) == 1 and not (isinstance(given, list | tuple) and len(given) == 1)
    each = [given] if one else given
    if not isinstance(each, list | tuple) or len(each) != len(reads):
        raise SignalError(
            f"The controller reads {len(reads)} outputs ({', '.join(reads)}). Give as many "
            "references."
        )
    columns = []
    for name, values in zip(reads, each, strict=True):
        if callable(values):
            values = [values(time) for time in times.tolist()]
        try:
            column = np.asarray(values, dtype=float)
        except (TypeError, ValueError):
            column = np.array(math.nan)
        if column.shape not in ((), times.shape) or not np.all(np.isfinite(column)):
            raise SignalError(
                f"The reference for {name!r} must be one number in {P.units[name]}, or "
                f"{len(times)} of them (one for each time)."
            )
        columns.append(np.broadcast_to(column, times.shape))
    return np.stack(columns, axis=1)


# The loop that is compiled. Names in capitals are put in for each plant and controller.

RHS: Any = None
OUT: Any = None
MAX_STEP: Any = None
LAW: Any = None
TUPLE: Any = None
NX = NU = NY = NQ = NR = NK = 0


def _machines(  # type: ignore[no-untyped-def]
    times, U0, U, F_middle, F_at, p_all, X0, S0, R, K, reads, drives, limits, continuous, substeps,
    lines, lengths, keep, room, head, tail, X, V, Y,
):  # fmt: skip
    """Fill states X, applied inputs V and outputs Y; return machine and sample that ran away."""
    n_lines, n_drives = len(lines), len(drives)
    x, xi, dx = room[0], room[1], room[2:6]
    # Rates of a sampled controller's state stay 0: it changes once a sample.
    s, si, ds = room[6], room[7], room[8:12]
    u, y, travelled = room[12], room[13], room[14]
    # Material on its way: where it is, what it is, and from where to where it is kept.
    place, value = _room(n_lines, 16), _room(n_lines, 16)
    for machine in range(len(X0)):
        p, k = p_all[machine], TUPLE(K[machine], NK)
        for line in range(n_lines):
            head[line] = tail[line] = 0
            travelled[line] = 0.0
        for i in range(NX):
            x[i] = X0[machine, i]
        for j in range(NQ):
            s[j] = S0[machine, j]
        for n in range(len(times)):
            t = times[n]
            if n:
                # From the sample before to this one.
                f, r = F_middle[machine, n - 1], TUPLE(R[n - 1], NR)
                start, end = times[n - 1], times[n]
                t, left = start, end - start
                if n_lines:
                    place, value = _follow(
                        t, start, x, u, p, f, lines, travelled, place, value, tail
                    )
                while left > 0.0:
                    if substeps:
                        wanted = substeps * left / (end - start)
                    else:
                        wanted = left / MAX_STEP(TUPLE(x, NX), TUPLE(u, NU), p, f)
                    if not 0.0 <= wanted <= MOST_STEPS:
                        return machine, n
                    # A hair over a whole number of steps is that number.
                    steps = max(1.0, math.ceil(wanted - 1e-9))
                    h = left / steps if steps > 1.0 else left
                    for i in range(NX):
                        xi[i] = x[i]
                    for j in range(NQ):
                        si[j] = s[j]
                    for stage in range(4):
                        ahead = 0.0 if stage == 0 else h if stage == 3 else h / 2.0
                        after = h if stage == 2 else h / 2.0
                        now, state = t + ahead, TUPLE(xi, NX)
                        if continuous:
                            outputs = OUT(now, state, TUPLE(u, NU), p, f)
                            for j in range(NR):
                                y[j] = outputs[reads[j]]
                            driven, rates = LAW(TUPLE(si, NQ), r, TUPLE(y, NR), k)
                            for j in range(n_drives):
                                i = drives[j]
                                u[i] = min(max(driven[j], limits[i, 0]), limits[i, 1])
                            for j in range(NQ):
                                ds[stage, j] = rates[j]
                        slope = RHS(now, state, TUPLE(u, NU), p, f)
                        for i in range(NX):
                            dx[stage, i] = slope[i]
                        for i in range(NX):
                            xi[i] = x[i] + after * dx[stage, i]
                        for j in range(NQ):
                            si[j] = s[j] + after * ds[stage, j]
                    for i in range(NX):
                        x[i] += h / 6.0 * (dx[0, i] + 2.0 * (dx[1, i] + dx[2, i]) + dx[3, i])
                    for j in range(NQ):
                        s[j] += h / 6.0 * (ds[0, j] + 2.0 * (ds[1, j] + ds[2, j]) + ds[3, j])
                    if steps > 1.0:
                        t, left = t + h, left - h
                    else:
                        t, left = end, 0.0
                    if n_lines:
                        place, value = _follow(
                            t, start, x, u, p, f, lines, travelled, place, value, tail
                        )
                for line in range(n_lines):
                    travelled[line] = place[line, tail[line] - 1]
                for i in range(NX):
                    if not abs(x[i]) < math.inf:
                        return machine, n
            f = F_at[machine, n]
            if n == 0:
                # A rig stands at rest until its first inputs are set.
                for i in range(NU):
                    u[i] = U0[machine, i]
            outputs = OUT(t, TUPLE(x, NX), TUPLE(u, NU), p, f)
            for i in range(NY):
                Y[machine, n, i] = outputs[i]
            for line in range(n_lines):
                if n == 0:
                    # Before the start the machine made what now arrives.
                    place[line, 0], place[line, 1] = -lengths[machine, line], 0.0
                    value[line, 0] = value[line, 1] = outputs[lines[line, 0]]
                    tail[line] = 2
                at_sensor = travelled[line] - lengths[machine, line]
                while head[line] + 1 < tail[line] and place[line, head[line] + 1] <= at_sensor:
                    head[line] += 1
                a, b = head[line], min(head[line] + 1, tail[line] - 1)
                arriving = value[line, a]
                if b > a and at_sensor > place[line, a]:
                    share = (at_sensor - place[line, a]) / (place[line, b] - place[line, a])
                    arriving += (value[line, b] - value[line, a]) * min(share, 1.0)
                Y[machine, n, lines[line, 0]] = arriving
            for i in range(NU):
                u[i] = U[machine, n, i]
            if n_drives:
                for j in range(NR):
                    y[j] = Y[machine, n, reads[j]]
                driven, rates = LAW(TUPLE(s, NQ), TUPLE(R[n], NR), TUPLE(y, NR), k)
                for j in range(n_drives):
                    i = drives[j]
                    u[i] = min(max(driven[j], limits[i, 0]), limits[i, 1])
                if not continuous:
                    for j in range(NQ):
                        s[j] = rates[j]
            for i in range(NU):
                if not abs(u[i]) < math.inf:
                    return machine, n
                V[machine, n, i] = u[i]
            if keep:
                for i in range(NX):
                    X[machine, n, i] = x[i]
    return -1, -1


def _follow(t, start, x, u, p, f, lines, travelled, place, value, tail):  # type: ignore[no-untyped-def]
    """Note what the machine makes now, on material that travels to a sensor."""
    for line in range(len(lines)):
        if tail[line] == place.shape[1]:
            place, value = _longer(place), _longer(value)
        made = OUT(t, TUPLE(x, NX), TUPLE(u, NU), p, f)
        place[line, tail[line]] = travelled[line] + u[lines[line, 2]] * (t - start)
        value[line, tail[line]] = made[lines[line, 1]]
        tail[line] += 1
    return place, value


def _room(n, m):  # type: ignore[no-untyped-def]
    return np.empty((n, m))


def _longer(points):  # type: ignore[no-untyped-def]
    """Give room for as many points again."""
    longer = _room(points.shape[0], 2 * points.shape[1])
    for i in range(points.shape[0]):
        for j in range(points.shape[1]):
            longer[i, j] = points[i, j]
    return longer


def _run(
    model: Model,
    times: np.ndarray,
    U0: np.ndarray,
    U: np.ndarray,
    F_middle: np.ndarray,
    F_at: np.ndarray,
    p: np.ndarray,
    X0: np.ndarray,
    loop: _Loop,
    substeps: int,
    keep: bool = True,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Run the compiled loop; what is given once for all machines is spread over them."""
    n, samples = len(X0), len(times)
    inputs, outputs = [s.name for s in model.inputs], [s.name for s in model.outputs]
    X = np.empty((n, samples if keep else 0, len(model.states)))
    V, Y = np.empty((n, samples, len(inputs))), np.empty((n, samples, len(outputs)))
    lines = np.array(
        [
            (outputs.index(tr.output), outputs.index(tr.source), inputs.index(tr.speed))
            for tr in model.transports
        ],
        dtype=np.int64,
    ).reshape(-1, 3)
    lengths = np.array([p[tr.distance] for tr in model.transports]).reshape(-1, len(p)).T
    sizes = (
        *(len(model.states), len(inputs), len(outputs), loop.state.shape[1]),
        *(loop.reference.shape[1], loop.numbers.shape[1]),
    )
    run = _compiled(model, loop.law, sizes, p.dtype, F_at.dtype)
    machine, sample = run(
        np.ascontiguousarray(times),
        np.broadcast_to(U0, (n, len(inputs))),
        np.broadcast_to(U, (n, samples, len(inputs))),
        np.broadcast_to(F_middle, (n, samples)),
        np.broadcast_to(F_at, (n, samples)),
        np.broadcast_to(p, n),
        np.broadcast_to(X0, (n, len(model.states))),
        np.broadcast_to(loop.state, (n, loop.state.shape[1])),
        loop.reference,
        np.broadcast_to(loop.numbers, (n, loop.numbers.shape[1])),
        loop.reads,
        loop.drives,
        np.array([(s.low, s.high) for s in model.inputs]),
        loop.continuous,
        substeps,
        lines,
        np.broadcast_to(lengths, (n, len(lines))),
        keep,
        np.zeros(
            (15, max(X0.shape[1], *V.shape[2:], *Y.shape[2:], *loop.state.shape[1:], len(lines)))
        ),
        *np.zeros((2, len(lines)), dtype=np.int64),
        X,
        V,
        Y,
    )
    if machine >= 0:
        which = f" (machine {machine} of the fleet)" if n > 1 else ""
        raise DivergenceError(
            f"The state of {model.id}{which} runs away before t = {times[sample]:g} s. Give more "
            "substeps or a shorter sample time, or smaller gains."
        )
    return X, V, Y


# Compilation


def _compiled(
    model: Model, law: Any, sizes: tuple[int, ...], p: np.dtype, f: np.dtype
) -> Callable[..., tuple[int, int]]:
    """Give the loop compiled for a plant and a controller, from memory or disk if it is known.

    A function is known by what it is made of, not by its name: a law in a notebook that reads a
    number from another cell is another law when that number changes.
    """
    functions = (model.rhs, model.out, model.max_step, law)
    try:
        made_of = _made_of(law)
    except TypeError as problem:
        raise _refused("controller's law", problem) from problem
    try:
        made_of = (*made_of, *(part for g in functions[:3] for part in _made_of(g)))
    except TypeError as problem:
        raise _refused(f"equations of {model.id}", problem) from problem
    return _compile(_Functions(functions, made_of), sizes, p, f, model.id)


@dataclass(frozen=True)
class _Functions:
    """Functions, equal if they are made of the same."""

    functions: tuple[Any, ...] = field(compare=False)
    made_of: tuple[str, ...]


@functools.lru_cache(maxsize=128)
def _compile(
    known: _Functions, sizes: tuple[int, ...], p: np.dtype, f: np.dtype, name: str
) -> Callable[..., tuple[int, int]]:
    import numba
    from numba.core.errors import NumbaError, UnsupportedBytecodeError
    from numba.np.unsafe.ndarray import to_fixed_tuple

    given = functools.partial(numba.types.Array, layout="A", readonly=True)
    number, whole, yes = numba.float64, numba.int64, numba.boolean
    p_type, f_type = numba.from_dtype(p), numba.from_dtype(f)
    out_3 = number[:, :, ::1]
    signature = numba.types.UniTuple(whole, 2)(
        *(number[::1], given(number, 2), given(number, 3), given(f_type, 2), given(f_type, 2)),
        *(given(p_type, 1), given(number, 2), given(number, 2), number[:, ::1], given(number, 2)),
        *(whole[::1], whole[::1], number[:, ::1], yes, whole),
        *(whole[:, ::1], given(number, 2), yes, number[:, ::1], whole[::1], whole[::1]),
        *(out_3, out_3, out_3),
    )
    rhs, out, max_step, law = known.functions
    parts: dict[Any, Any] = {}
    steps = _with_globals(law, parts)
    try:
        if law is not _no_law:
            NQ, NR, NK = sizes[3:]
            steps.compile(tuple(numba.types.UniTuple(number, n) for n in (NQ, NR, NR, NK)))
    except (NumbaError, UnsupportedBytecodeError) as problem:
        raise _refused("controller's law", problem) from problem
    put_in = {
        "RHS": _with_globals(rhs, parts),
        "OUT": _with_globals(out, parts),
        "MAX_STEP": _with_globals(max_step, parts),
        "LAW": steps,
        "TUPLE": to_fixed_tuple,
    } | dict(zip(("NX", "NU", "NY", "NQ", "NR", "NK"), sizes, strict=True))
    all_of_it = (*known.made_of, *_made_of(_machines), repr(sizes))
    file = _cache_file(name, (numba.__version__, platform.python_version(), *all_of_it))
    try:
        return _with_globals(_machines, parts, put_in, file, [signature])
    except (NumbaError, UnsupportedBytecodeError) as problem:
        raise _refused(f"equations of {name}", problem) from problem


def _refused(what: str, problem: Exception) -> CompilationError:
    return CompilationError(
        f"The {what} cannot be compiled: {_first_line(problem)}. Use floats, tuples, arithmetic "
        "and math only, or step a Rig in plain Python."
    )


def _with_globals(
    f: Any,
    parts: dict[Any, Any],
    put_in: Mapping[str, Any] | None = None,
    file: Path | None = None,
    signature: list[Any] | None = None,
) -> Any:
    """Compile a Python function together with the functions that it calls.

    Parameters
    ----------
    f : function
        What to compile.
    parts : dict
        What is compiled already, by function.
    put_in : mapping, optional
        Globals that take other values.
    file : Path, optional
        Beside which numba keeps the machine code.
    signature : list, optional
        Types of the arguments; None for what is called from compiled code only.
    """
    import numba

    f = getattr(f, "py_func", f)
    if f in parts:
        return parts[f]
    used: dict[str, Any] = {"__builtins__": __builtins__, "__name__": f.__module__}
    for name, value in _globals_of(f):
        if put_in and name in put_in:
            value = put_in[name]
        elif _is_function(value):
            value = _with_globals(value, parts, put_in)
        used[name] = value
    code = f.__code__ if file is None else f.__code__.replace(co_filename=str(file))
    parts[f] = numba.njit(
        signature,
        cache=file is not None,
        error_model="numpy",
        nogil=True,
        forceinline=signature is None,
    )(FunctionType(code, used, f.__name__, f.__defaults__, f.__closure__))
    return parts[f]


def _is_function(value: Any) -> bool:
    return isinstance(value, FunctionType) or hasattr(value, "py_func")


def _globals_of(f: FunctionType) -> list[tuple[str, Any]]:
    names = sorted(_names(f.__code__) & set(f.__globals__))
    return [(name, f.__globals__[name]) for name in names]


def _made_of(f: Any, seen: set[Any] | None = None) -> tuple[str, ...]:
    """Tell all that a function's machine code follows from; TypeError for what may change."""
    f = getattr(f, "py_func", f)
    if not isinstance(f, FunctionType):
        raise TypeError(f"{f!r} is not a Python function")
    seen = set() if seen is None else seen
    if f in seen:
        return ()
    seen.add(f)
    parts = [_fingerprint(f.__code__), repr(f.__defaults__)]
    cells = zip(f.__code__.co_freevars, (c.cell_contents for c in f.__closure__ or ()), strict=True)
    for name, value in (*_globals_of(f), *cells):
        if _is_function(value):
            parts += [name, *_made_of(value, seen)]
        elif isinstance(value, ModuleType):
            parts.append(f"{name} = {value.__name__}")
        elif _is_plain(value):
            parts.append(f"{name} = {value!r}")
        else:
            raise TypeError(
                f"{f.__name__} uses {name}, a {type(value).__name__} that may change; give its "
                "values as numbers of the controller or as plain numbers"
            )
    return tuple(parts)


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def _names(code: CodeType) -> set[str]:
    """Give all names that a function's code looks up, within comprehensions as well."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names


@functools.lru_cache(maxsize=1024)
def _fingerprint(code: CodeType) -> str:
    constants = (_fingerprint(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts)
    return "|".join((code.co_code.hex(), *code.co_names, *code.co_varnames, *constants))


def _cache_file(name: str, made_of: Sequence[str]) -> Path | None:
    """Give the file that stands for this machine code; None where nothing can be written."""
    digest = hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:16]
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    file = Path(base) / "millwright" / "plants" / f"{name}-{digest}.py"
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_text('"""Stands for the compiled plant beside it."""\n', encoding="utf-8")
        if os.access(file.parent, os.W_OK):
            return file
    return None


def _first_line(problem: BaseException) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(problem).__name__
