"""How machines wear out, as signals and histories: no control systems, but tables and arrays.

>>> a = bearing_vibration(1.0, fs=12_000.0, speed=30.0, fault="inner", severity=0.5, seed=4)
>>> fleet = turbofan_fleet(100, seed=4)
>>> table = crack_fleet(20, every=5_000, seed=4)
>>> cycles = hydraulic_cycles(1440, fault="pump", severity=0.1, seed=4)
>>> tools = tool_wear(20, duration=60.0, step=0.5, material="steel", seed=4)
>>> growth = {"impeller_wear": Growth(life=60.0)}
>>> histories, lives = run_to_failure(plants.pump_wear(), range(61), {}, growth, seed=4)

Plants that wear while they run are in `millwright_labs.plants`, as faults with a severity over
time.
"""

from millwright_labs.errors import FaultError, ParameterError, SignalError
from millwright_labs.wear.bearing_vibration import BEARINGS, Bearing, Housing, bearing_vibration
from millwright_labs.wear.hydraulic_rig import HydraulicRig, hydraulic_cycles
from millwright_labs.wear.paris_crack import (
    MATERIALS,
    Crack,
    crack_fleet,
    crack_length,
    critical_length,
    cycles_to,
    growth_rate,
    life,
)
from millwright_labs.wear.run_to_failure import (
    FleetHistories,
    Growth,
    run_to_failure,
    severity_path,
)
from millwright_labs.wear.tool_wear import Tools, ToolWear, tool_wear
from millwright_labs.wear.turbofan_fleet import (
    SENSORS,
    SensorTrend,
    Turbofan,
    cut_short,
    turbofan_fleet,
)

__all__ = [
    "BEARINGS",
    "MATERIALS",
    "SENSORS",
    "Bearing",
    "Crack",
    "FaultError",
    "FleetHistories",
    "Growth",
    "Housing",
    "HydraulicRig",
    "ParameterError",
    "SensorTrend",
    "SignalError",
    "ToolWear",
    "Tools",
    "Turbofan",
    "bearing_vibration",
    "crack_fleet",
    "crack_length",
    "critical_length",
    "cut_short",
    "cycles_to",
    "growth_rate",
    "hydraulic_cycles",
    "life",
    "run_to_failure",
    "severity_path",
    "tool_wear",
    "turbofan_fleet",
]
