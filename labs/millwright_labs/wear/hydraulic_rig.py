"""A hydraulic test rig, as its sensors see it once a load cycle.

A pump drives oil against a load that varies from cycle to cycle; all its power ends as heat in the
oil, which a cooler gives to a hall that is warmer in the afternoon than at night. Warm oil is
thin: it leaks more and lets the valve switch sooner. So the sensors move together while the rig
is sound, and each fault breaks their order in its own way.

The rig is of the kind that Helwig et al. built (data set `hydraulic-condition`); its oil is as
warm as theirs with a good and with a failing cooler. Made for units C4, C5 and C6. Left out: what
happens within a cycle, the way from one operating point to the next except for the heat in the
tank, several faults at once.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.signal
from numpy.typing import ArrayLike

from millwright_labs.errors import FaultError, SignalError
from millwright_labs.plants.plant import POSITIVE, Parameters, parameter

RIG = "fitted to the tank's temperatures in hydraulic-condition (Helwig et al. 2015, I2MTC)"
OIL = "mineral oil: 870 kg/m³, 1.9 kJ/(kg·K)"
VISCOSITY = "ISO VG 46, from its viscosities at 40 and 100 °C"
OURS = "ours: representative"

#: What can fail.
FAULTS = ("cooler", "pump", "accumulator", "valve")

TITLE = "Hydraulic rig"
INDUSTRY = "steel, process"
EQUATIONS = r"""
$$q_l = q_{l0}\,\frac{p}{p_0}\,e^{\beta (T - T_0)}\,(1 + k_p s_p), \qquad Q = Q_p - q_l, \qquad
P = \frac{p\,Q_p}{600\,\eta}$$

$$C\,\dot T = P - \dot Q_c, \qquad \dot Q_c = G\,(1 - k_c s_c)(T - T_a)$$

$$T_p = T + \frac{P - p\,Q/600}{\rho c\,Q}, \qquad T_c = T - \frac{\dot Q_c}{\rho c\,Q_c}$$

$$\tilde p = \tilde p_0\,\frac{p}{p_0}(1 + k_a s_a), \quad
v = v_0 \Bigl(0.7 + 0.3\,\frac{\tilde p}{\tilde p_0}\Bigr), \quad
t_v = t_{v0}\,e^{-\beta (T - T_0)/2}\,(1 + k_v s_v)$$

with severities $s$, powers in kW, pressures in bar and flows in l/min; $p$ and the hall's
temperature $T_a$ wander, the latter also with the time of day.
""".strip()


@dataclass(frozen=True)
class HydraulicRig(Parameters):
    """Numbers of the rig; one cycle lasts a minute."""

    p: float = parameter(150.0, "bar", OURS, "mean pressure", minimum=POSITIVE)
    p_spread: float = parameter(4.0, "bar", OURS, "its standard deviation by load", minimum=0.0)
    Q_pump: float = parameter(10.0, "l/min", OURS, "flow of a pump without leakage", minimum=1.0)
    q_leak: float = parameter(0.8, "l/min", OURS, "leakage at 40 °C", minimum=0.0)
    eta: float = parameter(0.9, "1", OURS, "efficiency of pump and motor", minimum=0.1, maximum=1.0)
    thinning: float = parameter(0.03, "1/K", VISCOSITY, "loss of viscosity by warmth", minimum=0.0)
    heat_capacity: float = parameter(66.0, "kJ/K", "40 l of oil", "tank and oil", minimum=POSITIVE)
    cooler: float = parameter(0.175, "kW/K", RIG, "conductance of a good cooler", minimum=POSITIVE)
    Q_cooler: float = parameter(20.0, "l/min", OURS, "flow through the cooler", minimum=POSITIVE)
    oil: float = parameter(
        0.0276, "kW/K/(l/min)", OIL, "heat that 1 l/min carries", minimum=POSITIVE
    )
    T_hall: float = parameter(20.0, "°C", OURS, "mean temperature of the hall")
    T_day: float = parameter(4.0, "K", OURS, "amplitude over the day", minimum=0.0)
    T_wander: float = parameter(0.4, "K", OURS, "standard deviation beside the day", minimum=0.0)
    ripple: float = parameter(2.0, "bar", OURS, "pressure ripple", minimum=POSITIVE)
    vibration: float = parameter(0.6, "mm/s", OURS, "vibration", minimum=POSITIVE)
    valve_time: float = parameter(100.0, "ms", OURS, "switching time at 40 °C", minimum=POSITIVE)
    cooler_loss: float = parameter(
        0.54, "1", RIG, "share of conductance lost at severity 1", minimum=0.0, maximum=0.95
    )
    pump_loss: float = parameter(3.0, "1", OURS, "growth of leakage at severity 1", minimum=0.0)
    accumulator_loss: float = parameter(1.5, "1", OURS, "growth of ripple", minimum=0.0)
    valve_loss: float = parameter(0.4, "1", OURS, "growth of switching time", minimum=0.0)


#: The sensors: name, unit, standard deviation of noise, meaning.
SENSORS: tuple[tuple[str, str, float, str], ...] = (
    ("p", "bar", 0.3, "pressure behind the pump"),
    ("p_ripple", "bar", 0.05, "ripple of the pressure"),
    ("Q", "l/min", 0.02, "flow to the load"),
    ("P", "kW", 0.02, "power of the motor"),
    ("T", "°C", 0.1, "oil in the tank"),
    ("T_pump", "°C", 0.1, "oil behind the pump"),
    ("T_cooler", "°C", 0.1, "oil behind the cooler"),
    ("P_cooler", "kW", 0.03, "heat given away"),
    ("v", "mm/s", 0.005, "vibration of the pump"),
    ("t_valve", "ms", 1.0, "switching time of the valve"),
)

CYCLE = 60.0  # s
DAY = 1440  # cycles
_T_REFERENCE = 40.0  # °C, at which leakage and switching time are given


def hydraulic_cycles(
    cycles: int,
    fault: str | None = None,
    severity: ArrayLike = 1.0,
    parameters: HydraulicRig | None = None,
    seed: int | None = None,
) -> pd.DataFrame:
    """Draw what the sensors read in each load cycle, one a minute.

    Parameters
    ----------
    cycles : int
        Number of cycles; a day has 1440 and begins at eight in the morning.
    fault : {"cooler", "pump", "accumulator", "valve"}, optional
        What fails; None: a sound rig.
    severity : float or array_like, shape (cycles,)
        From 0 (sound) to 1, constant or one for each cycle.
    parameters : HydraulicRig, optional
        Default: representative numbers.
    seed : int, optional
        The same seed gives the same load, hall and noise, whatever the fault.

    Returns
    -------
    pandas.DataFrame
        One row a cycle, one column a sensor (`SENSORS`). Units in ``.attrs["units"]``.

    Raises
    ------
    FaultError
        An unknown fault, or a severity outside [0, 1] or of another length.
    SignalError
        If the number of cycles is not a whole number above 0.
    """
    n, p = _whole(cycles), parameters or HydraulicRig()
    levels = dict.fromkeys(FAULTS, np.zeros(n))
    if fault is not None:
        levels[_known(fault)] = _severity(severity, n)
    rng = np.random.default_rng(seed)
    pressure = p.p + p.p_spread * _wander(rng, n, 20.0)
    hour = np.arange(n) / DAY
    # Eight in the morning is the mean of a day that is warmest at two.
    hall = p.T_hall + p.T_day * np.sin(2 * np.pi * hour) + p.T_wander * _wander(rng, n, 60.0)
    power = pressure * p.Q_pump / 600 / p.eta
    conductance = p.cooler * (1 - p.cooler_loss * levels["cooler"])
    tank = _tank(power, conductance, hall, p.heat_capacity)
    thin = np.exp(p.thinning * (tank - _T_REFERENCE))
    leak = p.q_leak * pressure / p.p * thin * (1 + p.pump_loss * levels["pump"])
    flow = np.maximum(p.Q_pump - leak, 0.1 * p.Q_pump)
    given = conductance * (tank - hall)
    ripple = p.ripple * pressure / p.p * (1 + p.accumulator_loss * levels["accumulator"])
    true = {
        "p": pressure,
        "p_ripple": ripple,
        "Q": flow,
        "P": power,
        "T": tank,
        "T_pump": tank + (power - pressure * flow / 600) / (p.oil * flow),
        "T_cooler": tank - given / (p.oil * p.Q_cooler),
        "P_cooler": given,
        "v": p.vibration * (0.7 + 0.3 * ripple / p.ripple),
        "t_valve": p.valve_time * thin**-0.5 * (1 + p.valve_loss * levels["valve"]),
    }
    table = pd.DataFrame(
        {name: true[name] + noise * rng.standard_normal(n) for name, _, noise, _ in SENSORS}
    )
    table.attrs["units"] = {name: unit for name, unit, _, _ in SENSORS}
    return table


def _wander(rng: np.random.Generator, n: int, memory: float) -> np.ndarray:
    """Give noise of mean 0 and standard deviation 1 that forgets within `memory` cycles."""
    keep = math.exp(-1 / memory)
    white = rng.standard_normal(n) * math.sqrt(1 - keep**2)
    white[0] /= math.sqrt(1 - keep**2)
    return scipy.signal.lfilter([1.0], [1.0, -keep], white)


def _tank(
    power: np.ndarray, conductance: np.ndarray, hall: np.ndarray, capacity: float
) -> np.ndarray:
    """Give the tank's temperature (°C) at the end of each cycle: the exact solution of its balance.

    Power, conductance and hall are constant within a cycle.
    """
    settled = hall + power / conductance
    keep = np.exp(-CYCLE * conductance / capacity)
    temperature, now = np.empty_like(power), float(settled[0])
    for k, (goal, share) in enumerate(zip(settled.tolist(), keep.tolist(), strict=True)):
        now = goal + (now - goal) * share
        temperature[k] = now
    return temperature


def _known(fault: Any) -> str:
    if fault not in FAULTS:
        raise FaultError(
            f"The rig has no fault {fault!r}. Choose from: {', '.join(FAULTS)}, or None."
        )
    return str(fault)


def _severity(severity: Any, n: int) -> np.ndarray:
    try:
        levels = np.asarray(severity, dtype=float)
    except (TypeError, ValueError):
        levels = np.array(math.nan)
    if levels.shape not in ((), (n,)) or not np.all((levels >= 0) & (levels <= 1)):
        raise FaultError(
            f"A severity is a number from 0 (sound) to 1, or one for each of {n} cycles."
        )
    return np.broadcast_to(levels, n)


def _whole(value: Any) -> int:
    wrong = isinstance(value, bool) or not isinstance(value, int | float | np.number)
    if wrong or not 0 < value < math.inf or value != int(value):
        raise SignalError(f"The number of cycles must be a whole number above 0, got {value!r}.")
    return int(value)
