from dataclasses import replace

import control as ct
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import plants
from millwright_labs.apps import quarter_car
from millwright_labs.apps.quarter_car import (
    DURATION,
    FREQUENCY,
    NOMINAL,
    PRESETS,
    SAMPLE_TIME,
    SETTLED,
    drive,
    fixed_point,
    gains,
    lift_off,
    matrices,
    response,
    rms,
    road,
    show,
)
from millwright_labs.plants.quarter_car import ROAD_CLASSES
from scipy.linalg import solve_continuous_lyapunov
from scipy.signal import welch

START = {control.name: control.value for control in quarter_car.CONTROLS}
WEIGHTS = {"travel": st.floats(3, 1000), "tyre": st.floats(1, 100)}


def fields(name="balanced", **values):
    return show({**START, **PRESETS[name], **values}).fields


def white_noise_rms(K):
    """Acceleration, tyre deflection and travel for a road whose speed is white noise."""
    A, B = matrices(NOMINAL)
    closed = A - B * K
    # Two-sided density of the road's speed, in (m/s)² a rad/s: a class C road at 70 km/h.
    density = (2 * np.pi * 0.1) ** 2 * ROAD_CLASSES["C"] * (70 / 3.6) / 2
    X = solve_continuous_lyapunov(closed, -density * np.diag([0.0, 0.0, 1.0, 0.0]))
    rows = (closed[1], np.eye(4)[2], np.eye(4)[0])
    return [float(np.sqrt(row @ X @ row)) for row in rows]


@settings(max_examples=15, deadline=None)
@given(**WEIGHTS)
def test_no_other_gain_costs_less(travel, tyre):
    K = gains(travel, tyre)
    weights = np.array([1.0, (1000 / tyre) ** 2, (1000 / travel) ** 2])

    def cost(K):
        return weights @ np.square(white_noise_rms(K))

    best = cost(K)
    A, B = matrices(NOMINAL)
    for place in range(4):
        for change in (-0.02, 0.02):
            other = K.copy()
            other[place] += change * max(abs(K[place]), 100.0)
            if np.linalg.eigvals(A - B * other).real.max() < 0:
                assert cost(other) >= best * (1 - 1e-9)


def test_the_designers_states_are_the_plants():
    P = plants.quarter_car()
    sys = P.linearize(P.x0, P.u0)
    A, _ = matrices(NOMINAL)
    # travel, v_body, tyre, v_wheel of z_body, v_body, z_wheel, v_wheel.
    T = np.array([[1, 0, -1, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    assert np.allclose(A, T @ np.asarray(sys.A) @ np.linalg.inv(T), atol=1e-6)


@pytest.mark.parametrize(
    "weights", [(None, None), (10.0, 5.6), (100.0, 32.0), (100.0, 1.8)], ids=str
)
def test_rms_on_the_road_is_what_white_noise_predicts(weights):
    """A standard road is white noise in speed, but for its longest and shortest waves."""
    ride = drive(*weights, 1e9, "C", 70.0, 0.0)
    K = np.zeros(4) if weights[0] is None else gains(*weights)
    a, tyre, travel = white_noise_rms(K)
    # Eight seconds of one road stray from the mean of all roads.
    assert rms(ride.acceleration) == pytest.approx(a, rel=0.25)
    assert rms(ride.tyre) == pytest.approx(1000 * tyre, rel=0.25)
    assert rms(ride.travel) == pytest.approx(1000 * travel, rel=0.35)


def test_the_drive_is_what_the_plant_on_its_rig_does():
    ride = drive(10.0, 5.6, 500.0, "C", 70.0, 20.0)
    p = replace(NOMINAL, ms=1.2 * NOMINAL.ms)
    height = road("C", 70.0)
    x0 = [height[0], 0.0, height[0], 0.0]
    rig = plants.Rig(plants.quarter_car(p), dt=SAMPLE_TIME, x0=x0, sensors=False)
    K = gains(10.0, 5.6)
    travel, forces = [], []
    for z in height[:1000].tolist():
        body, v_body, wheel, v_wheel = rig.x
        F = -K @ [body - wheel, v_body, wheel - z, v_wheel]
        F = float(np.clip(F, -500.0, 500.0))
        travel.append(1000 * (body - wheel))
        forces.append(F)
        rig.step(F=F, z_road=z)
    first = round(SETTLED / SAMPLE_TIME)
    count = 1000 - first
    assert np.allclose(ride.travel[:count], travel[first:], atol=1e-3)
    assert np.allclose(ride.force[:count], forces[first:], atol=0.1)


@pytest.mark.parametrize("road_class", ["A", "B", "C", "D"])
def test_the_road_has_its_class(road_class):
    speed = 100.0
    height = road(road_class, speed)
    frequency, density = welch(height, fs=1 / SAMPLE_TIME, nperseg=1024)
    n = frequency * 3.6 / speed
    band = (n > 0.1) & (n < 1.0)
    level = np.mean(density[band] * speed / 3.6 * (n[band] / 0.1) ** 2)
    assert level == pytest.approx(ROAD_CLASSES[road_class], rel=0.25)
    assert len(height) == round(DURATION / SAMPLE_TIME) + 1


@settings(max_examples=20, deadline=None)
@given(load=st.floats(-20, 40), **WEIGHTS)
def test_no_weights_move_the_fixed_point(load, travel, tyre):
    p = replace(NOMINAL, ms=NOMINAL.ms * (1 + load / 100))
    frequency, height = fixed_point(p)
    assert frequency == pytest.approx(9.19, abs=0.005)
    found = response(p, gains(travel, tyre), np.array([frequency]))
    assert found == pytest.approx(height, rel=1e-9)


def test_the_response_is_python_controls():
    A, B = matrices(NOMINAL)
    K = gains(30.0, 10.0)
    closed = A - B * K
    sys = ct.ss(closed, [[0.0], [0.0], [-1.0], [0.0]], closed[1:2], [[0.0]])
    expected = np.abs(sys(2j * np.pi * FREQUENCY))
    assert np.allclose(response(NOMINAL, K), expected, rtol=1e-6)


@settings(max_examples=10, deadline=None)
@given(
    force=st.floats(0, 3000),
    road_class=st.sampled_from("ABCD"),
    speed=st.floats(20, 130),
    load=st.floats(-20, 40),
    **WEIGHTS,
)
def test_the_actuator_keeps_its_limit_whatever_the_setting(
    travel, tyre, force, road_class, speed, load
):
    ride = drive(travel, tyre, force, road_class, speed, load)
    assert np.abs(ride.force).max() <= force
    assert np.isfinite(ride.acceleration).all()


def test_without_force_the_car_is_the_passive_one():
    found = fields(force=0.0)
    assert found["acceleration_change"] == found["tyre_change"] == found["travel_change"] == 0


def test_a_tyre_lifts_where_the_spring_holds_no_weight_any_more():
    assert lift_off(0.0) == pytest.approx(29.1, abs=0.05)
    assert lift_off(40.0) > lift_off(0.0)


def test_the_hints_tell_the_truth():
    seen = {name: fields(name) for name in PRESETS}
    balanced = seen["balanced"]
    assert balanced["acceleration_change"] <= -20
    assert balanced["tyre_change"] <= 10
    assert seen["comfort"]["acceleration_change"] == pytest.approx(-67, abs=3)
    assert seen["comfort"]["tyre_change"] == pytest.approx(100, abs=10)
    assert seen["holding"]["tyre_change"] < -15
    assert seen["holding"]["acceleration_change"] > 0
    assert seen["weak"]["at_limit"] > 50
    assert seen["weak"]["acceleration_change"] == pytest.approx(-25, abs=3)
    rough = seen["rough"]
    assert rough["acceleration_passive"] == pytest.approx(
        2 * balanced["acceleration_passive"], rel=0.2
    )
    assert rough["acceleration_change"] == pytest.approx(balanced["acceleration_change"], abs=3)
    assert rough["lifted"] > 0
    assert seen["loaded"]["acceleration_change"] > balanced["acceleration_change"]
