"""Compiled simulation gives what the bench gives, and says what it cannot do."""

import importlib
import math
import subprocess
import sys

import control as ct
import numpy as np
import pytest
from millwright_labs import plants
from millwright_labs.link.station import Made, make_station
from millwright_labs.plants import Controller, simulate, simulate_fleet

fast = importlib.import_module("millwright_labs.plants.fast")

#: Share of a signal's range by which a severity that is held differs from one that is not.
HELD = 0.01

# Faults that bring a state, and so another kind of plant.
BRINGS_A_STATE = {"backlash", "roll_eccentricity"}


def steps_of_inputs(P, n, rng):
    """Inputs that change every few samples, some beyond what the actuator can do."""
    limits = np.array([P.limits[name] for name in P.input_labels])
    draws = limits.mean(axis=1) + np.ptp(limits, axis=1) * rng.uniform(-0.6, 0.6, (n, len(limits)))
    return {name: np.repeat(draws[:, i], 5)[:n] for i, name in enumerate(P.input_labels)}


def assert_same(table, expected, P, tolerance=1e-9):
    assert list(table.columns) == list(expected.columns)
    assert table.attrs == expected.attrs
    np.testing.assert_array_equal(table.index, expected.index)
    for name in table.columns:
        scale = max(np.ptp(expected[name]), 1e-6 * np.abs(expected[name]).max(), 1e-12)
        np.testing.assert_allclose(table[name], expected[name], rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("name", plants.PLANTS)
def test_every_plant_runs_as_on_the_bench(name):
    """With every fault of the machine: constant, coming on at a sample, growing."""
    rng = np.random.default_rng(7)
    make, dt = plants.PLANTS[name], make_station(Made(name)).dt
    t = 3.0 + dt * np.arange(41)
    inputs = steps_of_inputs(make(), len(t), rng)
    faults = [fault.name for fault in make().model.faults if fault.name not in BRINGS_A_STATE]
    P = make(faults={fault: rng.uniform(0, 0.5) for fault in faults})
    assert_same(simulate(P, t, inputs), plants.record(P, t, inputs, sensors=False), P)
    growing = {fault: lambda now: 0.4 * (now - t[0]) / (t[-1] - t[0]) for fault in faults}
    growing[faults[0]] = lambda now: 0.4 * (now > t[20])
    P = make(faults=growing)
    # Compiled, a severity is held through each sample.
    assert_same(simulate(P, t, inputs), plants.record(P, t, inputs, sensors=False), P, HELD)


@pytest.mark.parametrize(
    ("name", "fault"), [("cnc_axis", "backlash"), ("mill_agc", "roll_eccentricity")]
)
def test_faults_that_bring_a_state(name, fault):
    P, dt = plants.PLANTS[name](faults={fault: 0.5}), make_station(Made(name)).dt
    t = dt * np.arange(41)
    inputs = steps_of_inputs(P, len(t), np.random.default_rng(7))
    assert_same(simulate(P, t, inputs), plants.record(P, t, inputs, sensors=False), P)


def test_it_agrees_with_python_control():
    """python-control has its own solver; constant inputs are the same for both."""
    P = plants.dc_motor(faults={"friction_growth": 0.4})
    t = np.arange(0.0, 2.0, 0.01)
    u = np.array([6.0, 0.02])[:, None] * np.ones_like(t)
    tight = {"rtol": 1e-9, "atol": 1e-10}
    theirs = ct.input_output_response(P, t, u, P.x0, solve_ivp_kwargs=tight).outputs
    ours = simulate(P, t, {"V": 6.0, "T_load": 0.02})[P.output_labels].to_numpy().T
    np.testing.assert_allclose(ours[:, 1:], theirs[:, 1:], rtol=1e-5, atol=1e-9)


# Closed loops


@pytest.fixture
def motor():
    return plants.dc_motor()


def test_a_sampled_controller_does_as_on_the_bench(motor):
    controller = plants.pi(motor, "speed", "V", Kp=40.0, Ki=150.0, dt=0.02)
    t = 0.02 * np.arange(200)
    reference = np.where(t < 2.0, 0.9, -0.4)  # the first step is more than 12 V can do
    table = simulate(
        motor, t, {"T_load": lambda now: 0.01 * (now > 1)}, None, controller, reference
    )
    rig = plants.Rig(motor, dt=0.02, sensors=False)
    s, rows = controller.state, []
    for k, now in enumerate(t):
        y = (rig.y["speed"],)
        (u,), s = controller.law(s, (reference[k],), y, controller.numbers)
        rows.append((u, *rig.y.values()))
        rig.step(V=u, T_load=0.01 * (now > 1))
    got = table[["V", *motor.output_labels]].to_numpy()
    np.testing.assert_allclose(got, np.array(rows), rtol=0, atol=1e-9)
    assert table["V"].max() == 12.0
    # Its integral did not run away at the limit.
    assert table["speed"].max() < 0.9 * 1.1
    assert table["speed"].iloc[-1] == pytest.approx(-0.4, abs=1e-3)


def test_a_continuous_controller_is_a_block_diagram(motor):
    controller = plants.pi(motor, "speed", "V", Kp=20.0, Ki=60.0)
    t = 0.01 * np.arange(300)
    C = ct.tf([20.0, 60.0], [1, 0], inputs="e", outputs="V", name="C")
    e = ct.summing_junction(["r", "-speed"], "e")
    loop = ct.interconnect(
        [ct.ss(motor.linearize(motor.x0, motor.u0), name="P", inputs=["V", "T"],
               outputs=["speed", "i"]), ct.ss(C), e],
        inputs=["r"], outputs=["speed"],
    )  # fmt: skip
    expected = ct.step_response(loop, t).outputs.ravel() * 0.1
    table = simulate(motor, t, {}, controller=controller, reference=0.1)
    np.testing.assert_allclose(table["speed"], expected, atol=2e-6)


def test_a_law_of_ones_own_needs_no_more_than_python():
    P = plants.furnace_zone()

    def on_off(s, r, y, k):
        low, high = r[0] - k[0], r[0] + k[0]
        on = 1.0 if y[0] < low else 0.0 if y[0] > high else s[0]
        return (100.0 * on,), (on,)

    controller = Controller(on_off, ["T1"], ["Q1"], numbers=[0.5])
    table = simulate(P, np.arange(3600.0), {}, controller=controller, reference=40.0)
    late = table["T1"][1800:]
    assert set(table["Q1"].unique()) == {0.0, 100.0}
    assert 38 < late.min() < 39.6 < 40.4 < late.max() < 43


OPENING = 10.0


def fixed(s, r, y, k):
    return (OPENING,), (0.0,)


def test_a_law_is_what_it_is_made_of_not_what_it_was(monkeypatch):
    """A number that another cell of the notebook changes is another law, compiled anew."""
    before = fast._made_of(fixed)
    monkeypatch.setitem(globals(), "OPENING", 3.0)
    assert fast._made_of(fixed) != before
    monkeypatch.setitem(globals(), "OPENING", 10.0)
    assert fast._made_of(fixed) == before


# Fleets


def test_a_fleet_is_its_machines_one_by_one():
    rng = np.random.default_rng(1)
    fleet = [
        plants.dc_motor(plants.DcMotor(J=J), faults={"friction_growth": worn})
        for J, worn in rng.uniform(0.01, 0.03, (5, 2)).tolist()
    ]
    fleet[2] = plants.dc_motor(faults={"friction_growth": lambda t: t})
    t = np.arange(0.0, 1.0, 0.02)
    inputs = [{"V": V} for V in (1.0, 2.0, 3.0, 4.0, 5.0)]
    controllers = [plants.pi(fleet[0], "speed", "V", Kp, 50.0, dt=0.02) for Kp in (1, 2, 3, 4, 5)]
    x0 = rng.uniform(0, 0.1, (5, 2))
    for more in ({}, {"controller": controllers, "reference": 0.3}):
        run = simulate_fleet(fleet, t, inputs, x0, **more)
        assert run.x.shape == (5, 50, 2)
        np.testing.assert_array_equal(run.x[:, 0], x0)
        for k, P in enumerate(fleet):
            alone = {"controller": controllers[k], "reference": 0.3} if more else {}
            assert_same(run.table(k), simulate(P, t, inputs[k], x0[k], **alone), P, 0.0)


# What it refuses


def unfit(s, r, y, k):
    import json

    return (float(json.dumps(1)),), (0.0,)


def wrong_count(s, r, y, k):
    return (0.0, 1.0), (0.0,)


def failing(s, r, y, k):
    return (y[3],), (0.0,)


GAINS = np.array([1.0])


def changeable(s, r, y, k):
    return (GAINS[0] * r[0],), (0.0,)


LAWS = {"changeable": changeable, "unfit": unfit, "wrong_count": wrong_count, "failing": failing}


@pytest.mark.parametrize(
    ("law", "error", "message"),
    [
        ("unfit", plants.CompilationError, "law cannot be compiled.*or step a Rig"),
        ("changeable", plants.CompilationError, "uses GAINS, a ndarray that may change"),
        ("wrong_count", plants.SignalError, "drives 1 inputs.*returned 2"),
        ("failing", plants.SignalError, "failed on its first call.*two tuples"),
    ],
)
def test_a_controller_that_cannot_be_compiled_gets_one_clear_error(motor, law, error, message):
    controller = Controller(LAWS[law], ["speed"], ["V"])
    with pytest.raises(error, match=message):
        simulate(motor, [0, 1], {}, controller=controller, reference=0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"t": [0.0]}, "times t must be"),
        ({"t": [0.0, 0.0]}, "times t must be"),
        ({"t": [0.0, math.nan]}, "times t must be"),
        ({"inputs": {"U": 1.0}}, "no input 'U'"),
        ({"inputs": {"V": math.nan}}, "without gaps"),
        ({"inputs": {"V": [1.0, 2.0]}}, "3 of them"),
        ({"x0": [0.0]}, "must be 2 finite numbers"),
        ({"x0": [0.0, math.inf]}, "must be 2 finite numbers"),
        ({"substeps": 0}, "substeps must be a whole number"),
        ({"substeps": 1.5}, "substeps must be a whole number"),
        ({"substeps": True}, "substeps must be a whole number"),
        ({"reference": 1.0}, "reference needs a controller"),
        ({"reads": ["w"]}, "no output \\['w'\\]"),
        ({"drives": ["speed"]}, "no input \\['speed'\\]"),
        ({"numbers": [math.nan]}, "numbers must be"),
        ({"state": []}, "state must be"),
        ({"reads": ["speed"], "reference": [1.0, 2.0]}, "3 of them"),
        ({"reads": ["speed"], "reference": math.nan}, "must be one number in rad/s"),
        ({"reads": ["speed"], "reference": None}, "must be one number in rad/s"),
    ],
)
def test_a_wrong_argument_gets_one_clear_error(motor, change, message):
    given = {"t": [0.0, 0.1, 0.2], "inputs": {}} | change
    fields = {k: given.pop(k) for k in ("reads", "drives", "numbers", "state") if k in given}
    if fields:
        given["controller"] = Controller(
            wrong_count, **({"reads": ["speed"], "drives": ["V"]} | fields)
        )
    with pytest.raises(plants.SignalError, match=message):
        simulate(motor, **given)


def test_machines_of_different_kinds_are_no_fleet(motor):
    for wrong in ([], [motor, plants.furnace_zone()]):
        with pytest.raises(plants.SignalError, match="machines of one kind"):
            simulate_fleet(wrong, [0, 1], {})
    with pytest.raises(plants.SignalError, match="2 machines need inputs once"):
        simulate_fleet([motor, motor], [0, 1], [{}, {}, {}])


def test_an_algebraic_loop_is_refused():
    P = plants.battery()
    with pytest.raises(plants.SignalError, match=r"algebraic loop. Use a sampled"):
        simulate(P, [0, 1], {}, controller=plants.pi(P, "V", "I", 1.0, 1.0), reference=3.7)


def test_a_state_that_runs_away_is_an_error_not_a_table_of_nan(motor):
    with pytest.raises(plants.DivergenceError, match="dc_motor runs away before t = "):
        simulate(motor, np.arange(0.0, 400.0), {"V": 1.0}, substeps=1)
    with pytest.raises(plants.DivergenceError, match="machine 1 of the fleet"):
        simulate_fleet(
            [motor, plants.dc_motor(plants.DcMotor(L=0.001))],
            np.arange(0.0, 20.0, 0.05),
            {"V": 1.0},
            substeps=5,
        )


# The compiled code


def test_machine_code_is_kept_where_it_can_be(tmp_path, monkeypatch):
    """In the user's cache folder if that can be written, in memory if not."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    fast._compile.cache_clear()
    simulate(plants.dc_motor(), [0, 1], {})
    kept = {p.suffix for p in (tmp_path / "millwright" / "plants").rglob("dc_motor-*")}
    assert kept == {".py", ".nbi", ".nbc"}
    fast._compile.cache_clear()
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert fast._cache_file("dc_motor", ["what it is made of"]) is None


def test_numba_is_loaded_only_when_it_is_used():
    check = "import sys, millwright_labs.plants; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
