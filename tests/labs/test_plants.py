"""Every plant keeps the same promises; a plant added to PLANTS is tested here at once."""

import copy
import math
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import control as ct
import numpy as np
import pytest
import scipy.integrate
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import plants
from millwright_labs.plants.cards import with_cards

README = Path(__file__).parents[2] / "labs" / "README.md"

# One plant of each kind and each set of numbers, and those whose faults bring a state.
MAKERS = {
    **plants.PLANTS,
    "cnc_axis_y": lambda **kw: plants.cnc_axis("Y", **kw),
    "cnc_axis_z": lambda **kw: plants.cnc_axis("Z", **kw),
}
every_plant = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)

#: A sample time (s) at which a controller would run the plant.
SAMPLE_TIME = {
    "furnace_zone": 1.0,
    "incubator": 3.0,
    "cnc_axis": 0.002,
    "mill_agc": 0.02,
    "dc_motor": 0.02,
    "quarter_car": 0.01,
    "aircraft_pitch": 0.1,
    "two_mass_drive": 0.002,
    "hydraulic_axis": 0.005,
    "battery": 2.0,
    "car_cruise": 0.2,
    "aircraft_mpc5": 0.1,
    "looper": 0.01,
    "mould_level": 0.05,
    "pump_wear": 1.0,
    "valve_wear": 0.01,
}


def some_inputs(P, rng, share=1.0):
    """Inputs drawn within the middle `share` of their limits."""
    limits = np.array([P.limits[name] for name in P.input_labels])
    middle, half = limits.mean(axis=1), np.ptp(limits, axis=1) / 2
    return middle + share * half * rng.uniform(-1, 1, len(limits))


def some_state(P, rng):
    """A state that the plant reaches under drawn inputs."""
    rig = plants.Rig(P, dt=20 * SAMPLE_TIME[P.model.id], sensors=False)
    for _ in range(3):
        rig.step(**dict(zip(P.input_labels, some_inputs(P, rng, 0.6), strict=True)))
    return rig.x


def central_differences(f, x, size):
    """The Jacobian of `f` at `x`."""
    columns = []
    for i in range(len(x)):
        step = np.zeros(len(x))
        step[i] = size
        columns.append((f(x + step) - f(x - step)) / (2 * size))
    return np.array(columns).T


# What it is


@every_plant
def test_a_plant_is_a_python_control_system_with_units_sources_and_limits(make):
    P = make()
    assert isinstance(P, ct.NonlinearIOSystem)
    assert P.isctime(strict=True)
    for name in [*P.input_labels, *P.state_labels, *P.output_labels]:
        assert P.units[name]
    for entry in fields(P.parameters):
        assert entry.metadata["unit"] == P.units[entry.name]
        assert entry.metadata["source"]
        assert entry.metadata["meaning"]
    for name in [*P.input_labels, *P.output_labels]:
        low, high = P.limits[name]
        assert -math.inf < low < high < math.inf
    signals = {*P.input_labels, *P.state_labels, *P.output_labels}
    assert not signals & {entry.name for entry in fields(P.parameters)}
    assert not set(P.input_labels) & {*P.state_labels, *P.output_labels}
    for name, sensor in P.model.sensors.items():
        assert name in P.output_labels
        assert sensor.source
    with pytest.raises(FrozenInstanceError):
        setattr(P.parameters, fields(P.parameters)[0].name, 1.0)


@every_plant
def test_rest_is_an_equilibrium_within_limits(make):
    P = make()
    np.testing.assert_allclose(
        [
            rate
            for rate, name in zip(P.dynamics(0.0, P.x0, P.u0), P.state_labels, strict=True)
            if name not in P.running_states
        ],
        0.0,
        atol=1e-12,
    )
    for name, value in zip(P.input_labels, P.u0, strict=True):
        assert P.limits[name][0] <= value <= P.limits[name][1]
    for name, value in zip(P.output_labels, P.output(0.0, P.x0, P.u0), strict=True):
        assert P.limits[name][0] <= value <= P.limits[name][1]


@every_plant
def test_changing_a_plants_rest_does_not_change_the_plant(make):
    P = make()
    P.x0[:] = math.nan
    P.u0[:] = math.nan
    assert np.all(np.isfinite(P.x0))
    assert np.all(np.isfinite(P.u0))


@every_plant
def test_repr_and_print_name_signals_and_units(make):
    P = make()
    for name in P.input_labels + P.output_labels:
        assert f"{name} ({P.units[name]})" in repr(P)
    for entry in fields(P.parameters):
        assert f"{entry.name} = " in str(P)
    assert "furnace_zone" in repr(plants.furnace_zone(faults={"heater_wear": 0.25}))
    assert "heater_wear 0.25" in repr(plants.furnace_zone(faults={"heater_wear": 0.25}))


@every_plant
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda P: P.copy("other")])
def test_a_copy_is_the_same_machine(make, copied):
    P = make()
    other = copied(P)
    rng = np.random.default_rng(1)
    x, u = some_state(P, rng), some_inputs(P, rng)
    np.testing.assert_array_equal(P.dynamics(0.0, x, u), other.dynamics(0.0, x, u))
    assert other.parameters == P.parameters
    assert other.units == P.units
    number = fields(P.parameters)[2].name
    changed = {number: 1.01 * getattr(P.parameters, number)}
    expected = P.dynamics(0.0, x, u, params=changed)
    P.dynamics(0.0, x, u)
    np.testing.assert_array_equal(other.dynamics(0.0, x, u, params=changed), expected)
    assert not np.array_equal(expected, P.dynamics(0.0, x, u))


@every_plant
def test_a_plant_travels_to_another_process(make):
    P = make(faults={make().model.faults[0].name: 0.5})
    other = pickle.loads(pickle.dumps(P))
    rng = np.random.default_rng(2)
    x, u = some_state(P, rng), some_inputs(P, rng)
    np.testing.assert_array_equal(P.dynamics(0.0, x, u), other.dynamics(0.0, x, u))


# What python-control does with it


@every_plant
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_linearize_equals_central_differences(make, seed):
    P = make()
    rng = np.random.default_rng(seed)
    x, u = some_state(P, rng), some_inputs(P, rng, 0.6)
    sys = P.linearize(x, u)
    size = 1e-5
    for matrix, f, at in (
        (sys.A, lambda x: P.dynamics(0.0, x, u), x),
        (sys.B, lambda u: P.dynamics(0.0, x, u), u),
        (sys.C, lambda x: P.output(0.0, x, u), x),
        (sys.D, lambda u: P.output(0.0, x, u), u),
    ):
        expected = central_differences(f, at, size)
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(matrix, expected, atol=1e-4 * scale)


@every_plant
def test_a_standing_plant_is_smooth(make):
    """At rest, where friction turns round, both sides have the same slope."""
    P = make()
    A = central_differences(lambda x: P.dynamics(0.0, x, P.u0), P.x0, 1e-7)
    np.testing.assert_allclose(P.linearize(P.x0, P.u0).A, A, rtol=1e-3, atol=1e-4)


@every_plant
def test_input_output_response_follows_the_rig(make):
    P = make()
    dt = SAMPLE_TIME[P.model.id]
    t = np.arange(0, 60) * dt
    rig = plants.Rig(P, dt, sensors=False)
    u = P.u0 + 0.05 * (np.array([P.limits[n][1] for n in P.input_labels]) - P.u0)
    inputs = dict(zip(P.input_labels, u, strict=True))
    states = np.array([rig.x] + [(rig.step(**inputs), rig.x)[1] for _ in t[1:]]).T
    response = ct.input_output_response(
        P,
        t,
        np.tile(u, (len(t), 1)).T,
        P.x0,
        solve_ivp_method="LSODA",
        solve_ivp_kwargs={"rtol": 1e-9, "atol": 1e-10},
    )
    scale = np.maximum(1e-3, np.ptp(states, axis=1, keepdims=True))
    np.testing.assert_allclose(response.states / scale, states / scale, atol=1e-4)


@every_plant
def test_interconnect_closes_a_loop_around_a_plant(make):
    P = make()
    # A controller that calculates at once closes no loop around an output that answers at once.
    D = P.linearize(P.x0, P.u0).D
    i, j = np.argwhere(D.T == 0.0)[0]
    u, y, rest = P.input_labels[i], P.output_labels[j], P.output(0.0, P.x0, P.u0)[j]
    others = [name for name in P.input_labels if name != u]
    gain = ct.nlsys(None, lambda t, x, e, params: 0.01 * e, inputs=["e"], outputs=[u], name="C")
    loop = ct.interconnect(
        [P, gain, ct.summing_junction(["r", f"-{y}"], "e")],
        inputs=["r", *others],
        outputs=P.output_labels,
    )
    at_rest = dict(zip(P.input_labels, P.u0, strict=True))
    setpoint = rest + at_rest[u] / 0.01  # the gain then gives just the input at rest
    held = [at_rest[name] for name in others]
    rates = loop.dynamics(0.0, P.x0, [setpoint, *held])
    np.testing.assert_allclose(rates, P.dynamics(0.0, P.x0, P.u0), atol=1e-9)
    harder = loop.dynamics(0.0, P.x0, [setpoint + 1.0, *held])
    assert not np.allclose(harder, rates, atol=1e-6)


def test_params_of_python_control_change_numbers_for_one_analysis_only():
    P = plants.furnace_zone()
    warm = P.linearize(P.x0, P.u0, params={"P1": 100.0})
    np.testing.assert_allclose(warm.dcgain()[0, 0], 0.2997, atol=1e-4)
    np.testing.assert_allclose(P.linearize(P.x0, P.u0).dcgain()[0, 0], 0.5994, atol=1e-4)
    with pytest.raises(plants.ParameterError, match="P1 must be finite"):
        P.dynamics(0.0, P.x0, P.u0, params={"P1": math.nan})


@pytest.mark.parametrize(
    ("P", "inputs"),
    [
        (plants.furnace_zone(), {"Q1": 40.0, "Q2": 10.0}),
        (plants.incubator(), {"heater": 0.5, "T_room": 18.0}),
        (plants.dc_motor(), {"V": 6.0, "T_load": 0.02}),
        (plants.mill_agc(), {"S_ref": 1.2, "H": 2.9, "v": 14.0}),
        (plants.quarter_car(), {"F": 300.0, "z_road": 0.02}),
        (plants.car_cruise(gear=5), {"throttle": 0.3, "slope": 0.01}),
        (plants.looper(), {"T": 6.2, "dv_ref": 0.001}),
        (plants.aircraft_mpc5(), {"u1": 0.8, "u2": -0.3}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_operating_point_agrees_with_python_control(P, inputs):
    x, u, y = plants.operating_point(P, **inputs)
    theirs = ct.find_operating_point(P, P.x0, u)
    np.testing.assert_allclose(x, theirs.states, atol=1e-6)
    np.testing.assert_allclose(y, theirs.outputs, atol=1e-6)


# The bench against an independent integrator


@every_plant
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_rig_equals_a_tight_reference(make, seed):
    rng = np.random.default_rng(seed)
    name = rng.choice([fault.name for fault in make().model.faults])
    dt = SAMPLE_TIME[make().model.id]
    level, ramp = rng.uniform(0, 1, 2)
    P = make(faults={str(name): lambda t: level + (ramp - level) * t / (40 * dt)})
    rig = plants.Rig(P, dt, sensors=False)
    states, references = [rig.x], [rig.x]
    x = rig.x
    for k in range(40):
        if k % 8 == 0:
            u = some_inputs(P, rng, 0.5)
        rig.step(**dict(zip(P.input_labels, u, strict=True)))
        run = scipy.integrate.solve_ivp(
            lambda t, x, u=u: P.dynamics(t, x, u),
            (k * dt, (k + 1) * dt),
            x,
            method="LSODA",
            rtol=1e-10,
            atol=1e-11,
        )
        x = run.y[:, -1]
        states.append(rig.x)
        references.append(x)
    states, references = np.array(states), np.array(references)
    scale = np.maximum(1e-3, np.ptp(references, axis=0))
    rms = np.sqrt(np.mean(((states - references) / scale) ** 2, axis=0))
    assert rms.max() <= 1e-4, dict(zip(P.state_labels, rms, strict=True))


# Parameters


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sensor_lag": math.nan}, "sensor_lag must be finite"),
        ({"sensor_lag": math.inf}, "sensor_lag must be finite"),
        ({"sensor_lag": -140.0}, "sensor_lag must be at least 0.001 s"),
        ({"loss": 0.0}, "loss must be above 0 1/s"),
        ({"P1": 256}, "P1 must be at most 255 PWM"),
        ({"T_ambient": "21"}, "T_ambient must be a number in °C, got '21'"),
        ({"T_ambient": None}, "T_ambient must be a number in °C"),
        ({"T_ambient": True}, "T_ambient must be a number in °C"),
        ({"T_ambient": [21.0]}, "T_ambient must be a number in °C"),
    ],
)
def test_wrong_parameters_get_one_clear_error(wrong, message):
    with pytest.raises(plants.ParameterError, match=message):
        plants.FurnaceZone(**wrong)


@every_plant
def test_every_parameter_is_checked(make):
    p = make().parameters
    for entry in fields(p):
        for wrong in (math.nan, math.inf, "1"):
            with pytest.raises(plants.ParameterError, match=f"{entry.name} must be"):
                replace(p, **{entry.name: wrong})


def test_all_wrong_parameters_are_named_at_once():
    with pytest.raises(plants.ParameterError) as caught:
        plants.DcMotor(J=-1.0, R=math.nan, L=0.0)
    for part in ("J must be above 0 kg·m²", "R must be finite", "L must be above 0 H"):
        assert part in str(caught.value)


def test_parameters_take_any_real_number():
    assert plants.FurnaceZone(T_ambient=np.float32(25)).T_ambient == 25.0
    assert type(plants.FurnaceZone(T_ambient=25).T_ambient) is float


def test_an_unknown_axis_is_refused():
    with pytest.raises(plants.ParameterError, match=r"no axis 'A'. Choose from: X, Y, Z"):
        plants.cnc_axis("A")


# Faults


@pytest.mark.parametrize("severity", [-0.1, 1.1, math.nan, "much", None, True])
def test_a_severity_outside_zero_to_one_is_refused(severity):
    with pytest.raises(plants.FaultError, match=r"heater_wear.*from 0 .sound. to 1"):
        plants.incubator(faults={"heater_wear": severity})


def test_an_unknown_fault_names_those_there_are():
    with pytest.raises(plants.FaultError, match=r"no fault 'rust'.*lid_open.*T_box_bias"):
        plants.incubator(faults={"rust": 0.1})


def test_a_severity_function_is_held_within_zero_and_one_and_may_not_give_nan():
    P = plants.incubator(faults={"lid_open": lambda t: t - 10.0})
    assert [P.severities(t).lid_open for t in (0.0, 10.5, 99.0)] == [0.0, 0.5, 1.0]
    broken = plants.incubator(faults={"lid_open": lambda t: math.nan})
    with pytest.raises(plants.FaultError, match=r"lid_open.*NaN at t = 0 s"):
        plants.Rig(broken, dt=1.0)


def every_fault():
    for name, make in plants.PLANTS.items():
        for fault in make().model.faults:
            yield pytest.param(make, fault.name, id=f"{name}-{fault.name}")


def run_with(make, faults, sensors=False):
    """Outputs of a run that uses all inputs in both directions, as a table."""
    P = make(faults=faults)
    t = np.arange(120) * SAMPLE_TIME[P.model.id]
    high = np.array([P.limits[name][1] for name in P.input_labels])
    wave = np.where(np.arange(120) < 60, 0.9, 0.05)
    if P.model.id == "cnc_axis":
        wave = np.where(np.arange(120) < 60, 0.3, -0.3)
    inputs = {
        name: rest + wave * (top - rest)
        for name, rest, top in zip(P.input_labels, P.u0, high, strict=True)
    }
    if P.model.id == "mill_agc":
        inputs = {"S_ref": 1.5 + 0.1 * wave, "v": 10.0}
    return plants.record(P, t, inputs, seed=3, sensors=sensors)


@pytest.mark.parametrize(("make", "fault"), list(every_fault()))
def test_a_fault_of_severity_zero_is_a_sound_machine(make, fault):
    sound, named = run_with(make, {}), run_with(make, {fault: 0.0})
    # A nut that may have play needs a follower of its own: 50 µs behind, 5 µm at 100 mm/s.
    atol = 0.05 if fault == "backlash" else 1e-12
    np.testing.assert_allclose(named, sound, atol=atol)


@pytest.mark.parametrize(("make", "fault"), list(every_fault()))
def test_each_fault_shows_more_with_severity(make, fault):
    sound = run_with(make, {fault: 0.0})
    spread = np.maximum(sound.max() - sound.min(), 1e-3)
    small, large = (
        (((run_with(make, {fault: s}) - sound) / spread) ** 2).mean().max() for s in (0.4, 1.0)
    )
    assert 1e-9 < small < large


@pytest.mark.parametrize("name", plants.PLANTS)
@pytest.mark.parametrize("kind", ["bias", "drift", "stuck", "dropout"])
def test_a_sensor_fault_touches_its_own_reading_and_nothing_else(name, kind):
    make = plants.PLANTS[name]
    faulty = next(iter(make().model.sensors))
    # Without steps, for a short run's drift is smaller than one.
    fine = {faulty: replace(make().model.sensors[faulty], step=0.0)}
    sound = run_with(make, {}, sensors=fine)
    wrong = run_with(make, {f"{faulty}_{kind}": 1.0}, sensors=fine)
    assert not wrong[faulty].equals(sound[faulty])
    others = [column for column in sound if column != faulty]
    np.testing.assert_array_equal(wrong[others], sound[others])
    true = run_with(make, {f"{faulty}_{kind}": 1.0}, sensors=False)
    np.testing.assert_array_equal(true, run_with(make, {}, sensors=False))


# Cards


@every_plant
def test_a_card_holds_all_that_there_is_to_know(make):
    P = make()
    text = plants.card(P)
    for name in [*P.input_labels, *P.state_labels, *P.output_labels]:
        assert f"| `{name}` |" in text
    for entry in fields(P.parameters):
        assert f"| `{entry.name}` | " in text
        assert entry.metadata["source"] in text
    for fault in (*P.model.faults, *P.model.sensor_faults):
        assert f"| `{fault.name}` | {fault.severity_1} |" in text
    assert P.model.equations in text
    for line in P.model.equations.splitlines():
        # Markdown would make a list of such a line, within a formula or not.
        assert not line.startswith(("-", "+", "*", "#")), line


def test_the_card_of_an_axis_shows_the_other_axes():
    text = plants.card(plants.cnc_axis("X"))
    assert "| parameter | Y | Z |" in text
    assert "| `J` | 0.003865 | 0.015974 |" in text


def test_readme_cards_are_those_of_the_code():
    text = README.read_text(encoding="utf-8")
    assert text == with_cards(text, (make() for make in plants.PLANTS.values())), (
        "Run: python -m millwright_labs.plants labs/README.md"
    )


def test_numbers_of_another_machine_show_in_its_card():
    P = plants.furnace_zone(replace(plants.FurnaceZone(), T_ambient=25.0))
    assert "| `T_ambient` | 25 | °C |" in plants.card(P)
