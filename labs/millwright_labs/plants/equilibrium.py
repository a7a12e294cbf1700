"""Steady states of plants."""

from typing import Any

import numpy as np
import scipy.integrate
import scipy.optimize

from millwright_labs.errors import OperatingPointError, SignalError
from millwright_labs.plants.plant import Plant
from millwright_labs.plants.rig import _checked_value

#: A steady state's derivatives must be this small against the scale of each state's motion.
RESIDUAL = 1e-9

#: How long (s) a machine that starts from rest is given to settle.
SETTLING_TIME = 1e5


def operating_point(P: Plant, **inputs: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the steady state of a plant for given inputs.

    States that keep running in steady operation (`P.running_states`: an axis' position) stay at
    their value at rest. Faults that vary in time are taken at t = 0.

    Parameters
    ----------
    P : Plant
        The machine.
    **inputs : float
        By name; inputs not named are at rest (`P.u0`).

    Returns
    -------
    x, u, y : ndarray
        States, inputs and true outputs, shapes (nstates,), (ninputs,), (noutputs,).

    Raises
    ------
    SignalError
        Unknown input, or a value that is not a number.
    OperatingPointError
        An input beyond its actuator, no steady state, or an output that is not safe.
    """
    u = P.u0
    for name, value in inputs.items():
        if name not in P.input_labels:
            raise SignalError(
                f"{P.name} has no input {name!r}. Choose from: {', '.join(P.input_labels)}."
            )
        u[P.input_labels.index(name)] = _checked_value(P, name, value)
    _check_limits(P, [s.name for s in P.model.inputs], u, "its actuator allows")
    x = P.x0
    free = [i for i, label in enumerate(P.state_labels) if label not in P.running_states]

    def residual(values: np.ndarray) -> np.ndarray:
        state = x.copy()
        state[free] = values
        return P.dynamics(0.0, state, u)[free]

    start = x[free]
    scale = np.maximum(np.abs(residual(start)), 1.0)

    def settled(values: np.ndarray) -> np.ndarray | None:
        """Polish `values` to a steady state; None if there is none nearby."""
        solution = scipy.optimize.root(residual, values, method="hybr", tol=1e-13)
        steady = np.all(np.abs(residual(solution.x)) <= RESIDUAL * scale)
        return solution.x if steady else None

    found = settled(start)
    if found is None:
        # Newton's method does not cross the hump of static friction; the machine does.
        run = scipy.integrate.solve_ivp(
            lambda t, values: residual(values), (0.0, SETTLING_TIME), start, method="LSODA"
        )
        found = settled(run.y[:, -1])
    if found is None:
        raise OperatingPointError(
            f"{P.name} settles nowhere at {_named(P, u)}. Try other inputs, or let a Rig run "
            "and look what it does."
        )
    x[free] = found
    y = P.output(0.0, x, u)
    _check_limits(P, [s.name for s in P.model.outputs], y, "is safe")
    return x, u, y


def _check_limits(P: Plant, names: list[str], values: np.ndarray, why: str) -> None:
    for name, value in zip(names, values.tolist(), strict=True):
        low, high = P.limits[name]
        if not low <= value <= high:
            raise OperatingPointError(
                f"{P.name}: {name} = {value:g} {P.units[name]} is outside {low:g} to {high:g} "
                f"{P.units[name]}, more than {why}. Choose other inputs."
            )


def _named(P: Plant, u: Any) -> str:
    return ", ".join(
        f"{name} = {value:g} {P.units[name]}" for name, value in zip(P.input_labels, u, strict=True)
    )
