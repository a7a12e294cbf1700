"""What the twin knows of the box: two masses, four numbers, and two factors that may change.

This is the four-parameter model of `plants.incubator`, not the physics of the box that it
follows. Two factors are 1 on a sound box: `power`, the share of the heater's rated power that
arrives as heat, and `loss`, how many times the calibrated conductance the box loses.
"""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numba import njit

from millwright_labs.plants.incubator import INCUBATOR, Incubator
from millwright_labs.plants.plant import POSITIVE, Parameters, parameter

_BOX = Incubator()


@dataclass(frozen=True)
class Box(Parameters):
    """Numbers of the twin's model."""

    C_air: float = parameter(_BOX.C_air, "J/K", INCUBATOR, "heat capacity of air", POSITIVE)
    G_box: float = parameter(_BOX.G_box, "W/K", INCUBATOR, "conductance, box to room", POSITIVE)
    C_heater: float = parameter(_BOX.C_heater, "J/K", INCUBATOR, "heat capacity, heater", POSITIVE)
    G_heater: float = parameter(
        _BOX.G_heater, "W/K", INCUBATOR, "conductance, heater to air", POSITIVE
    )
    P_heater: float = parameter(
        _BOX.V_heater * _BOX.I_heater, "W", INCUBATOR, "rated power of the heater", POSITIVE
    )
    power: float = parameter(1.0, "1", "by definition", "share of the rated power", 0.0, 2.0)

    def numbers(self) -> Any:
        """Return the numbers as compiled code takes them."""
        return Numbers(**vars(self))


Numbers = namedtuple("Numbers", [entry.name for entry in fields(Box)])  # type: ignore[misc]


@njit(cache=True, error_model="numpy")
def advance(h, a, heat, air, room, loss, dt, p):  # type: ignore[no-untyped-def]
    """Return temperatures of heater and air after `dt` seconds, by Runge-Kutta of order 4.

    Parameters
    ----------
    h, a : float
        Temperatures (°C) of heater and air now.
    heat, air : float
        Heat (W) that the heater makes, and that reaches the air from elsewhere.
    room : float
        Room temperature (°C).
    loss : float
        Factor on the conductance of the box.
    dt : float
        Seconds; with the lid wide open the fastest time constant of the model is still 10 s.
    p : Numbers
    """
    g, w = p.G_heater, loss * p.G_box
    h1, a1 = (heat - g * (h - a)) / p.C_heater, (g * (h - a) - w * (a - room) + air) / p.C_air
    x, y = h + dt / 2 * h1, a + dt / 2 * a1
    h2, a2 = (heat - g * (x - y)) / p.C_heater, (g * (x - y) - w * (y - room) + air) / p.C_air
    x, y = h + dt / 2 * h2, a + dt / 2 * a2
    h3, a3 = (heat - g * (x - y)) / p.C_heater, (g * (x - y) - w * (y - room) + air) / p.C_air
    x, y = h + dt * h3, a + dt * a3
    h4, a4 = (heat - g * (x - y)) / p.C_heater, (g * (x - y) - w * (y - room) + air) / p.C_air
    return h + dt / 6 * (h1 + 2 * (h2 + h3) + h4), a + dt / 6 * (a1 + 2 * (a2 + a3) + a4)


@njit(cache=True, error_model="numpy")
def follow(h, a, heater, room, dt, p):  # type: ignore[no-untyped-def]
    """Run the model freely along a record; no measurement corrects it.

    Parameters
    ----------
    h, a : float
        Temperatures (°C) at the start.
    heater, room : ndarray, shape (n,)
        Share of each interval that the heater was on, and room temperature (°C).
    dt : float
        Sample time (s).
    p : Numbers

    Returns
    -------
    ndarray, shape (n, 2)
        Temperatures of heater and air (°C) at the end of each interval.
    """
    states = np.empty((len(heater), 2))
    for k in range(len(heater)):
        heat = p.power * p.P_heater * heater[k]
        h, a = advance(h, a, heat, 0.0, room[k], 1.0, dt, p)
        states[k, 0], states[k, 1] = h, a
    return states
