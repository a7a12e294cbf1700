"""Virtual machines as python-control systems, with faults, sensors and a bench to run them on.

>>> P = furnace_zone(faults={"heater_wear": 0.3})
>>> x, u, y = operating_point(P, Q1=40.0)
>>> rig = Rig(P, dt=1.0, seed=4)
>>> y = rig.step(Q1=40.0)
>>> table = simulate(P, range(3600), {"Q1": 40.0})  # compiled

Each plant's module holds its physics and numbers, with their sources; `card` prints them.
"""

from collections.abc import Callable

from millwright_labs.errors import (
    CompilationError,
    DivergenceError,
    FaultError,
    OperatingPointError,
    ParameterError,
    PlantError,
    SignalError,
)
from millwright_labs.plants.aircraft_mpc5 import AircraftMpc5, aircraft_mpc5
from millwright_labs.plants.aircraft_pitch import AircraftPitch, aircraft_pitch
from millwright_labs.plants.battery import Battery, battery
from millwright_labs.plants.car_cruise import GEARS, CarCruise, car_cruise
from millwright_labs.plants.cards import card
from millwright_labs.plants.cnc_axis import AXES, CncAxis, cnc_axis, position_loop
from millwright_labs.plants.dc_motor import DcMotor, dc_motor
from millwright_labs.plants.equilibrium import operating_point
from millwright_labs.plants.fast import Controller, Fleet, pi, simulate, simulate_fleet
from millwright_labs.plants.furnace_zone import FurnaceZone, furnace_zone
from millwright_labs.plants.hydraulic_axis import HydraulicAxis, hydraulic_axis
from millwright_labs.plants.incubator import Incubator, incubator
from millwright_labs.plants.looper import Looper, looper
from millwright_labs.plants.mill_agc import MillAgc, mill_agc
from millwright_labs.plants.mould_level import MouldLevel, mould_level
from millwright_labs.plants.plant import Plant
from millwright_labs.plants.pump_wear import PumpWear, pump_wear
from millwright_labs.plants.quarter_car import QuarterCar, quarter_car, road_profile
from millwright_labs.plants.rig import Rig, record
from millwright_labs.plants.sensors import Sensor
from millwright_labs.plants.two_mass_drive import TwoMassDrive, two_mass_drive
from millwright_labs.plants.valve_wear import ValveWear, valve_wear

#: All plants by name, in the order of the cards.
PLANTS: dict[str, Callable[..., Plant]] = {
    "furnace_zone": furnace_zone,
    "incubator": incubator,
    "cnc_axis": cnc_axis,
    "mill_agc": mill_agc,
    "dc_motor": dc_motor,
    "quarter_car": quarter_car,
    "aircraft_pitch": aircraft_pitch,
    "two_mass_drive": two_mass_drive,
    "hydraulic_axis": hydraulic_axis,
    "battery": battery,
    "car_cruise": car_cruise,
    "aircraft_mpc5": aircraft_mpc5,
    "looper": looper,
    "mould_level": mould_level,
    "pump_wear": pump_wear,
    "valve_wear": valve_wear,
}

__all__ = [
    "AXES",
    "GEARS",
    "PLANTS",
    "AircraftMpc5",
    "AircraftPitch",
    "Battery",
    "CarCruise",
    "CncAxis",
    "CompilationError",
    "Controller",
    "DcMotor",
    "DivergenceError",
    "FaultError",
    "Fleet",
    "FurnaceZone",
    "HydraulicAxis",
    "Incubator",
    "Looper",
    "MillAgc",
    "MouldLevel",
    "OperatingPointError",
    "ParameterError",
    "Plant",
    "PlantError",
    "PumpWear",
    "QuarterCar",
    "Rig",
    "Sensor",
    "SignalError",
    "TwoMassDrive",
    "ValveWear",
    "aircraft_mpc5",
    "aircraft_pitch",
    "battery",
    "car_cruise",
    "card",
    "cnc_axis",
    "dc_motor",
    "furnace_zone",
    "hydraulic_axis",
    "incubator",
    "looper",
    "mill_agc",
    "mould_level",
    "operating_point",
    "pi",
    "position_loop",
    "pump_wear",
    "quarter_car",
    "record",
    "road_profile",
    "simulate",
    "simulate_fleet",
    "two_mass_drive",
    "valve_wear",
]
