"""A machine with its clock and its tags: what a link connects to.

A station owns a plant on a bench and runs it sample by sample. Whoever asks gets the same: the
learner's own process, an OPC UA server, an MQTT gateway. It is made from plain values (`Made`),
so that a recording can be run again from what it says about itself.

`STATIONS` names every machine that can be started. A machine with a controller on board (a CNC
axis with its drive) is a subclass that adds its own tags.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from millwright_labs import plants
from millwright_labs.errors import LinkError
from millwright_labs.plants.plant import Severity, Signal


@dataclass(frozen=True)
class Made:
    """What a station was made from.

    Attributes
    ----------
    station : str
        Its name in `STATIONS`.
    seed : int
        Of the sensors' noise, and of whatever else differs from machine to machine.
    case : str
        A condition that the machine was delivered in; ``""`` is a sound one.
    """

    station: str
    seed: int = 0
    case: str = ""


@dataclass(frozen=True)
class Sample:
    """One sample of a machine.

    `inputs` were applied in the interval that ends at time `t` (s); `outputs` were measured at
    its end. A lost measurement is NaN. `seq` counts from 0 without gaps.
    """

    seq: int
    t: float
    inputs: Mapping[str, float]
    outputs: Mapping[str, float]


class Station:
    """A plant on a bench with named tags.

    Parameters
    ----------
    made : Made
        What it is made from.
    P : Plant
        The machine, with the faults of its case.
    dt : float
        Sample time (s).

    Attributes
    ----------
    made : Made
    dt : float
        Sample time (s).
    inputs, outputs : dict of str to Signal
        The tags that can be written and read: unit, meaning, limits.
    faults : dict of str to str
        The faults that can be switched on, with what severity 1 means.
    """

    def __init__(self, made: Made, P: plants.Plant, dt: float):
        self.made, self.dt = made, dt
        self.rig = plants.Rig(P, dt=dt, seed=made.seed)
        self.inputs: dict[str, Signal] = {s.name: s for s in P.model.inputs}
        self.outputs: dict[str, Signal] = {
            s.name: s for s in P.model.outputs if s.name in self.rig.y
        }
        self.faults = {
            fault.name: fault.severity_1 for fault in (*P.model.faults, *P.model.sensor_faults)
        }
        self._seq = 0

    @property
    def severities(self) -> dict[str, float]:
        """Severity in [0, 1] of every fault that is on, by name."""
        return self.rig.severities

    def sample(self) -> Sample:
        """Give the newest sample again."""
        return Sample(self._seq, self._seq * self.dt, self.applied(), dict(self.rig.y))

    def applied(self) -> dict[str, float]:
        """Give the inputs as they are applied."""
        return self.rig.u

    def write(self, **inputs: float) -> None:
        """Set inputs from now on, each clipped to its limits.

        Raises
        ------
        SignalError
            Unknown input, or a value that is not a number. No input is changed then.
        """
        self.rig.set(**inputs)

    def fault(self, **severities: float) -> None:
        """Give faults a severity in [0, 1] from now on; 0 mends.

        Raises
        ------
        FaultError
            Unknown fault, or a severity outside [0, 1]. Nothing is changed then.
        """
        self.rig.fault(**severities)

    def step(self) -> Sample:
        """Let one sample time pass."""
        self.rig.step()
        self._seq += 1
        return self.sample()


@dataclass(frozen=True)
class Kind:
    """A kind of station: how one is made, and the conditions it can be delivered in."""

    make: Callable[[Made], Station]
    cases: tuple[str, ...] = ()


def of_plant(
    plant: str, dt: float, cases: Mapping[str, Mapping[str, Severity]] | None = None
) -> Kind:
    """Return the kind of station that is a plant alone, with faults by case."""
    by_case: dict[str, Mapping[str, Severity]] = {"": {}, **(cases or {})}

    def make(made: Made) -> Station:
        return Station(made, plants.PLANTS[plant](faults=by_case[made.case]), dt)

    return Kind(make, tuple(cases or ()))


def on_board(module: str, cls: str, cases: tuple[str, ...] = ()) -> Kind:
    """Return the kind of station that a class in `link.stations` is, imported when one is made."""

    def make(made: Made) -> Station:
        found = importlib.import_module(f"millwright_labs.link.stations.{module}")
        station: Station = getattr(found, cls)(made)
        return station

    return Kind(make, cases)


#: Every machine that can be started, by name.
STATIONS: dict[str, Kind] = {
    "furnace_zone": of_plant("furnace_zone", 1.0),
    "incubator": of_plant("incubator", 3.0),
    "cnc_axis": of_plant("cnc_axis", 0.001),
    "mill_agc": of_plant("mill_agc", 0.01),
    "dc_motor": of_plant("dc_motor", 0.01),
    "quarter_car": of_plant("quarter_car", 0.002),
    "aircraft_pitch": of_plant("aircraft_pitch", 0.02),
    "two_mass_drive": of_plant("two_mass_drive", 0.001),
    "hydraulic_axis": of_plant("hydraulic_axis", 0.001),
    "battery": of_plant("battery", 1.0),
    "car_cruise": of_plant("car_cruise", 0.1),
    "aircraft_mpc5": of_plant("aircraft_mpc5", 0.2),
    "looper": of_plant("looper", 0.002),
    "mould_level": of_plant("mould_level", 0.1),
    "pump_wear": of_plant("pump_wear", 10.0),
    "valve_wear": of_plant("valve_wear", 0.01),
    "rolling_mill": on_board("rolling_mill", "RollingMill"),
    "heating_furnace": on_board("heating_furnace", "HeatingFurnace"),
    "cnc_axis_drive": on_board("cnc_axis_drive", "CncAxisDrive"),
    "cnc_machining": on_board("cnc_machining", "CncMachining"),
    "flight_test": on_board("flight_test", "FlightTest"),
    "pump_fleet": on_board("pump_fleet", "PumpFleet"),
    "cell_tester": on_board("cell_tester", "CellTester"),
    "ride_rig": on_board("ride_rig", "RideRig"),
    "incubator_live": on_board("incubator_live", "IncubatorLive", ("worn",)),
}


def make_station(made: Made) -> Station:
    """Make a station.

    Raises
    ------
    LinkError
        Unknown station or case, or a seed that is no whole number.
    """
    kind = STATIONS.get(made.station)
    if kind is None:
        raise LinkError(
            f"There is no station {made.station!r}. Choose from: {', '.join(STATIONS)}."
        )
    if made.case and made.case not in kind.cases:
        cases = ", ".join(map(repr, kind.cases)) or "none; leave the case out"
        raise LinkError(f"{made.station} has no case {made.case!r}. Choose from: {cases}.")
    if not isinstance(made.seed, int) or isinstance(made.seed, bool) or made.seed < 0:
        raise LinkError(f"The seed must be a whole number from 0 up, got {made.seed!r}.")
    return kind.make(made)


@dataclass
class Described:
    """What a link knows of the station at its other end."""

    made: Made
    dt: float
    inputs: Mapping[str, Signal]
    outputs: Mapping[str, Signal]
    faults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, station: Station) -> Described:
        """Describe a station."""
        return cls(station.made, station.dt, station.inputs, station.outputs, station.faults)

    def as_json(self) -> dict[str, Any]:
        """Return plain values, for the wire."""

        def signals(given: Mapping[str, Signal]) -> list[dict[str, Any]]:
            return [
                {
                    "name": s.name,
                    "unit": s.unit,
                    "meaning": s.meaning,
                    # JSON has no infinity.
                    "low": s.low if abs(s.low) != float("inf") else None,
                    "high": s.high if abs(s.high) != float("inf") else None,
                }
                for s in given.values()
            ]

        return {
            "station": self.made.station,
            "seed": self.made.seed,
            "case": self.made.case,
            "dt": self.dt,
            "inputs": signals(self.inputs),
            "outputs": signals(self.outputs),
            "faults": dict(self.faults),
        }

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Described:
        """Read what `as_json` wrote.

        Raises
        ------
        LinkError
            What is given describes no station.
        """

        def signals(entries: Any) -> dict[str, Signal]:
            return {
                entry["name"]: Signal(
                    str(entry["name"]),
                    str(entry["unit"]),
                    str(entry["meaning"]),
                    float("-inf") if entry["low"] is None else float(entry["low"]),
                    float("inf") if entry["high"] is None else float(entry["high"]),
                )
                for entry in entries
            }

        try:
            made = Made(str(given["station"]), int(given["seed"]), str(given["case"]))
            return cls(
                made,
                float(given["dt"]),
                signals(given["inputs"]),
                signals(given["outputs"]),
                {str(k): str(v) for k, v in given["faults"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise LinkError(
                "The other end does not describe a Millwright station. Check the address, and "
                "that `millwright-plant run` serves there."
            ) from None
