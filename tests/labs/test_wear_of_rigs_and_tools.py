import numpy as np
import pytest
from millwright_labs.errors import FaultError, ParameterError, SignalError
from millwright_labs.wear import HydraulicRig, ToolWear, hydraulic_cycles, tool_wear
from millwright_labs.wear.hydraulic_rig import FAULTS, SENSORS
from millwright_labs.wear.tool_wear import pace

QUIET = HydraulicRig(p_spread=0.0, T_day=0.0, T_wander=0.0)


def after(fault, severity, parameters=None, cycles=400):
    """Means of the last cycles, when the tank has settled."""
    table = hydraulic_cycles(cycles, fault, severity, parameters, seed=1)
    return table.iloc[-200:].mean()


@pytest.mark.parametrize("severity", [0.0, 0.5, 1.0])
def test_all_power_leaves_through_the_cooler_once_the_tank_has_settled(severity):
    sensors = after("cooler", severity, QUIET)
    assert sensors["P_cooler"] == pytest.approx(sensors["P"], abs=0.01)
    through_cooler = QUIET.oil * QUIET.Q_cooler * (sensors["T"] - sensors["T_cooler"])
    assert through_cooler == pytest.approx(sensors["P"], abs=0.02)
    in_pump = QUIET.oil * sensors["Q"] * (sensors["T_pump"] - sensors["T"])
    assert in_pump == pytest.approx(sensors["P"] - sensors["p"] * sensors["Q"] / 600, abs=0.02)


def test_the_tank_is_as_warm_as_that_of_the_measured_rig():
    """36 °C with a good cooler and 55 °C with a failing one, as in hydraulic-condition."""
    assert after(None, 0.0, QUIET)["T"] == pytest.approx(36, abs=1)
    assert after("cooler", 1.0, QUIET)["T"] == pytest.approx(55, abs=1)


def test_the_tank_follows_a_step_as_its_heat_balance_says():
    p = QUIET
    severity = np.r_[np.zeros(200), np.ones(100)]
    tank = hydraulic_cycles(300, "cooler", severity, p, seed=1)["T"].to_numpy()
    power = p.p * p.Q_pump / 600 / p.eta
    before, later = (p.T_hall + power / (p.cooler * k) for k in (1, 1 - p.cooler_loss))
    tau = p.heat_capacity / (p.cooler * (1 - p.cooler_loss))
    t = 60.0 * np.arange(1, 101)
    expected = later + (before - later) * np.exp(-t / tau)
    assert np.abs(tank[200:] - expected).max() < 0.5
    assert np.abs(tank[200:] - expected).mean() < 0.12


@pytest.mark.parametrize(
    ("fault", "sensor", "sign"),
    [
        ("cooler", "T", 1),
        ("pump", "Q", -1),
        ("accumulator", "p_ripple", 1),
        ("valve", "t_valve", 1),
    ],
)
def test_each_fault_moves_its_sensor_the_more_the_worse_it_is(fault, sensor, sign):
    levels = [after(fault, severity)[sensor] for severity in (0.0, 0.3, 0.6, 1.0)]
    assert (sign * np.diff(levels) > 0).all()


def test_the_same_seed_gives_the_same_rig_up_to_the_fault():
    severity = np.r_[np.zeros(50), np.ones(50)]
    sound = hydraulic_cycles(100, seed=3)
    faulty = hydraulic_cycles(100, "pump", severity, seed=3)
    assert faulty[:50].equals(sound[:50])
    assert not faulty[50:].equals(sound[50:])
    assert sound.attrs["units"] == {name: unit for name, unit, _, _ in SENSORS}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"cycles": 0}, SignalError),
        ({"cycles": 1.5}, SignalError),
        ({"cycles": "ten"}, SignalError),
        ({"cycles": 10, "fault": "filter"}, FaultError),
        ({"cycles": 10, "fault": "pump", "severity": 1.1}, FaultError),
        ({"cycles": 10, "fault": "pump", "severity": np.nan}, FaultError),
        ({"cycles": 10, "fault": "pump", "severity": [0.1] * 9}, FaultError),
        ({"cycles": 10, "fault": "pump", "severity": "bad"}, FaultError),
    ],
)
def test_a_rig_that_cannot_be_gets_one_error(arguments, error):
    with pytest.raises(error):
        hydraulic_cycles(**arguments)


def test_every_fault_is_offered():
    assert set(FAULTS) == {"cooler", "pump", "accumulator", "valve"}
    with pytest.raises(ParameterError):
        HydraulicRig(p=-1.0)


@pytest.mark.parametrize(
    ("material", "feed", "depth", "expected"),
    [
        ("cast iron", 0.5, 0.75, 0.0071),
        ("steel", 0.5, 0.75, 0.0071 * 4.1),
        ("cast iron", 0.25, 1.5, 0.0071 * 0.5**0.44 * 2**0.8),
    ],
)
def test_the_pace_depends_on_the_work(material, feed, depth, expected):
    assert pace(material, feed, depth) == pytest.approx(expected)


def test_tools_wear_at_the_pace_and_with_the_scatter_that_they_were_given():
    tools = tool_wear(4000, 40.0, 0.5, seed=1)
    grown = tools.wear[:, -1] - tools.wear[:, 0]
    p = ToolWear()
    assert tools.wear[:, 0] == pytest.approx(p.run_in)
    assert (np.diff(tools.wear, axis=1) >= 0).all()
    assert np.median(grown) == pytest.approx(40 * p.pace, rel=0.03)
    # Scatter between tools, and the gamma process's own.
    own = p.scatter**2 + p.grain / (40 * p.pace)
    assert np.log(grown).std() == pytest.approx(np.sqrt(own), rel=0.08)
    assert np.log(tools.break_wear).std() == pytest.approx(p.break_scatter, rel=0.05)


def test_one_tool_grows_unevenly_by_its_grain():
    p = ToolWear(scatter=0.0)
    tools = tool_wear(4000, 40.0, 0.5, parameters=p, seed=1)
    grown = tools.wear[:, -1] - p.run_in
    assert grown.var() == pytest.approx(p.grain * grown.mean(), rel=0.1)


def test_when_a_wear_is_reached_is_read_off_each_curve():
    tools = tool_wear(30, 60.0, 0.5, seed=2)
    goal = np.linspace(0.1, 0.6, 30)
    found = tools.time_to(goal)
    for wear, level, time in zip(tools.wear, goal, found, strict=True):
        if wear[-1] < level:
            assert time == np.inf
        else:
            assert np.interp(time, tools.t, wear) == pytest.approx(level)
    assert (tools.time_to(0.01) == 0).all()


@pytest.mark.parametrize(
    "arguments",
    [
        {"tools": 0},
        {"tools": 1.5},
        {"duration": -1.0},
        {"step": 0.0},
        {"step": 99.0},
        {"feed": 0.0},
        {"depth": np.nan},
        {"material": "wax"},
    ],
)
def test_tools_that_cannot_be_get_one_error(arguments):
    with pytest.raises(SignalError):
        tool_wear(**{"tools": 3, "duration": 10.0, "step": 1.0, **arguments})
