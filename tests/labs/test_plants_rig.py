"""The bench: clipping, clock, sensors, seeds, records, and one clear error for bad input."""

import copy
import math

import numpy as np
import pandas as pd
import pytest
from millwright_labs import plants
from millwright_labs.plants import Rig, Sensor


@pytest.fixture
def furnace():
    return plants.furnace_zone()


@pytest.fixture
def worn_furnace():
    return plants.furnace_zone(faults={"heater_wear": 0.2, "T1_bias": 0.5})


# Inputs


def test_inputs_are_clipped_as_the_actuator_does(furnace):
    rig = Rig(furnace, dt=1.0, seed=1)
    rig.step(Q1=140.0, Q2=-5.0)
    assert rig.u == {"Q1": 100.0, "Q2": 0.0}
    rig.step(Q1=math.inf, Q2=-math.inf)
    assert rig.u == {"Q1": 100.0, "Q2": 0.0}
    full = Rig(furnace, dt=1.0, seed=1)
    full.step(Q1=100.0)
    full.step(Q1=100.0)
    np.testing.assert_array_equal(rig.x, full.x)


def test_inputs_not_named_keep_their_value(furnace):
    rig = Rig(furnace, dt=1.0)
    rig.step(Q1=40.0)
    rig.step(Q2=10.0)
    rig.step()
    assert rig.u == {"Q1": 40.0, "Q2": 10.0}


@pytest.mark.parametrize("value", [1, 1.0, np.float32(1), np.int64(1), np.array(1.0), True])
def test_inputs_take_any_real_number_and_an_on_off_switch(value):
    rig = Rig(plants.incubator(), dt=3.0)
    rig.step(heater=value)
    assert rig.u["heater"] == 1.0


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"q1": 40.0}, "no input 'q1'. Choose from: Q1, Q2"),
        ({"T1": 40.0}, "no input 'T1'"),
        ({"Q1": math.nan}, "'Q1'.*must be a number in %, got nan"),
        ({"Q1": "40"}, "'Q1'.*must be a number in %, got '40'"),
        ({"Q1": None}, "'Q1'.*must be a number in %"),
        ({"Q1": [40.0]}, "'Q1'.*must be a number in %"),
    ],
)
def test_a_wrong_input_gets_one_clear_error_and_changes_nothing(furnace, inputs, message):
    rig = Rig(furnace, dt=1.0, seed=1)
    rig.step(Q1=20.0)
    x, y = rig.x, rig.y.copy()
    with pytest.raises(plants.SignalError, match=message):
        rig.step(Q2=50.0, **inputs)
    assert rig.t == 1.0
    assert rig.u == {"Q1": 20.0, "Q2": 0.0}
    assert rig.y == y
    np.testing.assert_array_equal(rig.x, x)


@pytest.mark.parametrize("dt", [0.0, -1.0, math.nan, math.inf, "1", None, True])
def test_a_step_that_is_no_time_is_refused(furnace, dt):
    with pytest.raises(plants.SignalError, match="dt must be a positive time in seconds"):
        Rig(furnace, dt=dt)


@pytest.mark.parametrize("x0", [21.0, [21.0] * 3, [math.nan] * 4, "cold", [[21.0] * 4]])
def test_a_wrong_initial_state_is_refused(furnace, x0):
    with pytest.raises(plants.SignalError, match=r"4 finite numbers .H1, H2, S1, S2."):
        Rig(furnace, dt=1.0, x0=x0)


@pytest.mark.parametrize("seed", [-1, "four", 1.5])
def test_a_wrong_seed_is_refused(furnace, seed):
    with pytest.raises(plants.SignalError, match="whole number from 0 up"):
        Rig(furnace, dt=1.0, seed=seed)


# State and clock


def test_the_clock_counts_steps_without_drift(furnace):
    rig = Rig(furnace, dt=0.1, sensors=False)
    for _ in range(3000):
        rig.step()
    assert rig.t == 300.0
    np.testing.assert_allclose(rig.x, furnace.x0, atol=1e-12)


def test_a_rig_starts_where_it_is_told_and_keeps_its_state_to_itself(furnace):
    start = np.array([50.0, 40.0, 30.0, 25.0])
    rig = Rig(furnace, dt=1.0, x0=start, sensors=False)
    assert rig.y == {"T1": 30.0, "T2": 25.0}
    rig.x[:] = 0.0
    start[:] = 0.0
    np.testing.assert_array_equal(rig.x, [50.0, 40.0, 30.0, 25.0])
    reading = rig.step()
    reading["T1"] = 0.0
    assert rig.y["T1"] > 29.0


def test_two_rigs_share_nothing(worn_furnace):
    as_made = copy.deepcopy(vars(worn_furnace))
    alone = Rig(worn_furnace, dt=1.0, seed=5)
    expected = [alone.step(Q1=30.0) for _ in range(20)]
    one, other = Rig(worn_furnace, dt=1.0, seed=5), Rig(worn_furnace, dt=1.0, seed=6)
    seen = []
    for k in range(20):
        other.step(Q1=90.0 - k, Q2=50.0)
        seen.append(one.step(Q1=30.0))
    assert seen == expected
    for name in ("parameters", "faults", "params", "units", "limits"):
        assert vars(worn_furnace)[name] == as_made[name]


def test_a_fork_leaves_the_live_rig_alone():
    rig = Rig(plants.mill_agc(faults={"roll_eccentricity": 0.5}), dt=0.05, seed=2)
    for _ in range(10):
        rig.step(S_ref=1.6)
    twin = copy.deepcopy(rig)
    futures = [twin.step(S_ref=1.2) for _ in range(10)]
    x = rig.x
    assert rig.t == 0.5
    np.testing.assert_array_equal(rig.x, x)
    assert [rig.step(S_ref=1.2) for _ in range(10)] == futures


# Sensors


def test_the_same_seed_gives_the_same_readings_and_another_does_not(furnace):
    def readings(seed):
        rig = Rig(furnace, dt=1.0, seed=seed)
        return [rig.step(Q1=50.0) for _ in range(600)]

    assert readings(4) == readings(4)
    assert readings(4) != readings(5)
    assert readings(None) != readings(None)


def test_furnace_readings_come_in_converter_steps(furnace):
    rig = Rig(furnace, dt=1.0, seed=1)
    T1 = np.array([rig.step(Q1=50.0)["T1"] for _ in range(400)])
    np.testing.assert_allclose(T1 / 0.3223, np.round(T1 / 0.3223), atol=1e-6)
    assert len(np.unique(T1)) > 50


def test_noise_has_the_standard_deviation_of_the_data_sheet():
    P = plants.incubator()
    rig = Rig(P, dt=3.0, seed=1)
    errors = np.array([rig.step()["T_box"] - 21.0 for _ in range(20_000)])
    # White, unbiased; 0.0625 K² and the quantisation's share, within three standard errors.
    assert abs(errors.mean()) < 3 * 0.25 / 141
    assert errors.var() == pytest.approx(0.0625 + 0.0625**2 / 12, rel=0.03)
    assert abs(np.corrcoef(errors[1:], errors[:-1])[0, 1]) < 0.022


def test_sensors_have_independent_noise_that_other_sensors_do_not_disturb(furnace):
    quiet = {"T1": Sensor()}
    with_both, alone = Rig(furnace, dt=1.0, seed=9), Rig(furnace, dt=1.0, seed=9, sensors=quiet)
    noisy = [with_both.step(Q1=50.0, Q2=50.0) for _ in range(50)]
    other = [alone.step(Q1=50.0, Q2=50.0) for _ in range(50)]
    assert [y["T2"] for y in noisy] == [y["T2"] for y in other]
    assert [y["T1"] for y in other][-1] == alone.x[2]


def test_a_dead_time_shows_the_past_exactly(furnace):
    late = Rig(furnace, dt=1.0, sensors={"T1": Sensor(delay=7.0)})
    now = Rig(furnace, dt=1.0, sensors=False)
    past = [now.y["T1"]] + [now.step(Q1=80.0)["T1"] for _ in range(60)]
    seen = [late.y["T1"]] + [late.step(Q1=80.0)["T1"] for _ in range(60)]
    assert seen[:7] == [21.0] * 7
    np.testing.assert_allclose(seen[7:], past[:-7], rtol=1e-12)


def test_a_dead_time_between_samples_is_interpolated():
    P = plants.dc_motor()
    late = Rig(P, dt=0.01, sensors={"speed": Sensor(delay=0.025)})
    true = Rig(P, dt=0.005, sensors=False)
    speeds = [0.0] + [true.step(V=1.0)["speed"] for _ in range(100)]
    seen = [late.step(V=1.0)["speed"] for _ in range(50)]
    expected = [speeds[max(0, 2 * k - 5)] for k in range(1, 51)]
    np.testing.assert_allclose(seen, expected, atol=2e-4)


def test_lost_samples_read_nan_at_their_rate(furnace):
    rig = Rig(furnace, dt=1.0, seed=3, sensors={"T1": Sensor(dropout=0.2)})
    lost = np.mean([math.isnan(rig.step()["T1"]) for _ in range(4000)])
    assert lost == pytest.approx(0.2, abs=0.02)
    worse = Rig(
        plants.furnace_zone(faults={"T1_dropout": 0.5}),
        dt=1.0,
        seed=3,
        sensors={"T1": Sensor(dropout=0.2)},
    )
    lost = np.mean([math.isnan(worse.step()["T1"]) for _ in range(4000)])
    assert lost == pytest.approx(1 - 0.8 * 0.5, abs=0.025)


def test_sensor_faults_do_what_the_card_says():
    bench = {"T1": Sensor(bias=3.0, drift=4.0)}

    def run(fault, severity, seconds=3600):
        P = plants.furnace_zone(faults={fault: severity})
        rig = Rig(P, dt=1.0, x0=[60.0, 21.0, 21.0, 21.0], sensors=bench)
        true = Rig(P, dt=1.0, x0=[60.0, 21.0, 21.0, 21.0], sensors=False)
        return np.array([(rig.step()["T1"], true.step()["T1"]) for _ in range(seconds)]).T

    measured, true = run("T1_bias", 0.5)
    np.testing.assert_allclose(measured - true, 1.5)
    measured, true = run("T1_drift", 0.5)
    np.testing.assert_allclose((measured - true)[[1799, 3599]], [1.0, 2.0])
    measured, true = run("T1_drift", lambda t: float(t > 1800))
    np.testing.assert_allclose((measured - true)[[1799, 3599]], [0.0, 2.0])
    measured, true = run("T1_stuck", lambda t: float(100 < t <= 200))
    assert np.all(measured[100:200] == true[99])
    np.testing.assert_array_equal(measured[200:], true[200:])
    assert len(np.unique(true[100:200])) > 1


def test_a_sensor_stays_in_its_range():
    P = plants.furnace_zone(plants.FurnaceZone(T_ambient=90.0))
    rig = Rig(P, dt=1.0, x0=[150.0] * 4)
    assert rig.y["T1"] == pytest.approx(132.2, abs=0.3223 / 2)


def test_outputs_without_a_sensor_are_not_measured():
    P = plants.mill_agc()
    assert set(Rig(P, dt=0.1).y) == {"S", "F", "h_gauge"}
    assert set(Rig(P, dt=0.1, sensors=False).y) == {"S", "F", "h_gauge", "h"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"noise": -0.1},
        {"noise": math.nan},
        {"step": math.inf},
        {"delay": -1.0},
        {"dropout": 1.5},
        {"low": 5.0, "high": 5.0},
        {"low": math.nan},
        {"noise": "loud"},
        {"low": None},
    ],
)
def test_a_wrong_sensor_is_refused(wrong):
    with pytest.raises(plants.ParameterError, match="Sensor"):
        Sensor(**wrong)


def test_a_sensor_needs_an_output(furnace):
    with pytest.raises(plants.SignalError, match=r"no output 'T3'.*T1, T2"):
        Rig(furnace, dt=1.0, sensors={"T3": Sensor()})


# Records


def test_a_record_is_a_table_with_units(furnace):
    t = np.arange(0.0, 100.0, 2.0)
    table = plants.record(
        furnace, t, {"Q1": lambda t: 50.0 * (t >= 20), "Q2": np.full(50, 130.0)}, seed=4
    )
    assert list(table.columns) == ["Q1", "Q2", "T1", "T2"]
    assert table.index.name == "t"
    np.testing.assert_array_equal(table.index, t)
    assert table.attrs["units"] == {"t": "s", "Q1": "%", "Q2": "%", "T1": "°C", "T2": "°C"}
    assert table.attrs["plant"] == "furnace_zone"
    assert (table["Q2"] == 100.0).all()
    assert table["Q1"].loc[18.0] == 0.0
    assert table["Q1"].loc[20.0] == 50.0
    again = plants.record(furnace, t, {"Q1": table["Q1"], "Q2": 100.0}, seed=4)
    pd.testing.assert_frame_equal(again, table)


def test_a_record_is_what_a_rig_measures(furnace):
    t = np.arange(0.0, 60.0)
    table = plants.record(furnace, t, {"Q1": 40.0}, seed=7)
    rig = Rig(furnace, dt=1.0, seed=7)
    readings = [rig.y] + [rig.step(Q1=40.0) for _ in t[1:]]
    assert table["T1"].tolist() == [y["T1"] for y in readings]


def test_a_record_may_start_late_and_have_irregular_times(furnace):
    rng = np.random.default_rng(1)
    t = 1000.0 + np.cumsum(rng.uniform(0.2, 9.0, 80))
    table = plants.record(furnace, t, {"Q1": 60.0}, sensors=False)
    even = plants.record(furnace, [t[0], t[-1]], {"Q1": 60.0}, sensors=False)
    np.testing.assert_allclose(table.iloc[-1], even.iloc[-1], rtol=1e-7)


@pytest.mark.parametrize("t", [[0.0], [], [0.0, 0.0], [1.0, 0.0], [0.0, math.nan], "now", 5.0])
def test_a_record_needs_increasing_times(furnace, t):
    with pytest.raises(plants.SignalError, match="increasing numbers in seconds"):
        plants.record(furnace, t, {"Q1": 40.0})


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"Q3": 1.0}, "no input 'Q3'"),
        ({"Q1": [1.0, 2.0]}, "'Q1'.*needs one number in %, or 3 of them"),
        ({"Q1": [1.0, math.nan, 2.0]}, "without gaps"),
        ({"Q1": math.nan}, "without gaps"),
        ({"Q1": "full"}, "'Q1'.*needs one number"),
        ({"Q1": lambda t: None}, "'Q1'.*needs one number"),
    ],
)
def test_a_record_refuses_wrong_inputs(furnace, inputs, message):
    with pytest.raises(plants.SignalError, match=message):
        plants.record(furnace, [0.0, 1.0, 2.0], inputs)
