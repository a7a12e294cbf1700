"""Looper and mould obey physics and have the numbers that their cards give."""

import math

import control as ct
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import plants
from millwright_labs.plants.looper import lever

few = settings(max_examples=10, deadline=None)


def share(low, high):
    return st.floats(low, high, allow_nan=False)


def steps(rig, n, **inputs):
    """Run `n` steps; give the states, shape (n + 1, nstates)."""
    return np.array([rig.x] + [(rig.step(**inputs), rig.x)[1] for _ in range(n)])


# Looper


def strip_length(theta, p):
    """Length (m) of the strip from stand to stand over the arm's tip."""
    x, y = p.pivot + p.arm * np.cos(theta), p.arm * np.sin(theta) - p.depth
    return np.hypot(x, y) + np.hypot(p.span - x, y)


@few
@given(theta=share(0.0, 1.2), pivot=share(1.0, 3.0), depth=share(0.0, 0.3))
def test_the_lever_is_the_slope_of_the_strips_length(theta, pivot, depth):
    p = plants.Looper(pivot=pivot, depth=depth)
    slope = (strip_length(theta + 1e-6, p) - strip_length(theta - 1e-6, p)) / 2e-6
    assert lever(theta, p) == pytest.approx(slope, abs=1e-7)


@few
@given(
    extra=share(-0.3, 0.3), dv_ref=share(-0.003, 0.003), draw=share(-0.003, 0.003), wear=share(0, 1)
)
def test_looper_energy_balance_closes(extra, dv_ref, draw, wear):
    """Motor and stands work on arm, strip and weight; bearings turn the rest into heat."""
    P = plants.looper(faults={"bearing_wear": wear})
    p = P.parameters
    dt = 0.001
    T = P.u0[0] + extra
    rig = plants.Rig(P, dt=dt, sensors=False)
    theta, omega, sigma, dv = steps(rig, 2000, T=T, dv_ref=dv_ref, draw=draw).T
    assert sigma.min() > 0.0
    tension = 1e-3 * sigma * p.area  # kN
    stands = np.trapezoid(tension * (draw - dv - p.slip * (sigma - p.sigma_rest)), dx=dt)
    motor = T * (theta[-1] - theta[0])
    heat = np.trapezoid((p.damping + 2.0 * wear) * omega**2, dx=dt)
    masses = 0.5 * p.mass + 0.5 * 7850.0 * p.area * 1e-6 * p.span
    height = p.arm * (np.sin(theta[-1]) - np.sin(theta[0]))
    stretched = 1e-3 * p.area * p.span / (2 * p.E) * (sigma[-1] ** 2 - sigma[0] ** 2)
    stored = 0.5 * p.J * omega[-1] ** 2 + 1e-3 * 9.81 * masses * height + stretched
    assert motor + stands == pytest.approx(stored + heat, rel=1e-3, abs=1e-4)


def test_arm_and_strip_swing_at_their_natural_frequency():
    P = plants.looper(plants.Looper(slip=1e-6, damping=0.0))
    poles = ct.poles(P.linearize(P.x0, P.u0))
    p = P.parameters
    spring = 1e-3 * p.E / p.span * p.area * lever(p.theta_rest, p) ** 2  # kN·m/rad, the strip's
    assert max(abs(poles.imag)) / (2 * math.pi) == pytest.approx(3.17, abs=0.01)
    # Weight and the change of leverage with the angle add a little to the strip's stiffness.
    assert max(abs(poles.imag)) == pytest.approx(math.sqrt(spring / p.J), rel=0.1)


def test_speed_sets_tension_and_torque_the_angle():
    P = plants.looper()
    x, u, y = plants.operating_point(P)
    np.testing.assert_allclose(y, [0.35, 10.0], atol=1e-6)
    gains = P.linearize(x, u).dcgain()
    assert gains[1, 1] == pytest.approx(-2000.0, rel=1e-3)
    assert gains[1, 2] == pytest.approx(2000.0, rel=1e-3)
    assert gains[1, 0] == pytest.approx(0.0, abs=1e-3)
    assert gains[0, 0] > 0
    assert gains[0, 2] < 0


def test_a_slack_strip_lets_the_arm_rise_to_its_stop_and_tension_is_never_negative():
    P = plants.looper()
    table = plants.record(P, np.arange(0, 20, 0.01), {"dv_ref": 0.02}, sensors=False)
    assert table["sigma"].min() == 0.0
    assert 1.1 < table["theta"].max() < 1.3
    slack = P.dynamics(0, [0.35, 0.0, -5.0, 0.0], P.u0)
    loose = P.dynamics(0, [0.35, 0.0, -50.0, 0.0], P.u0)
    np.testing.assert_array_equal(slack, loose)


def test_a_weak_motor_holds_the_arm_lower():
    P = plants.looper(faults={"torque_loss": 0.5})
    _, _, y = plants.operating_point(P, T=P.u0[0] / 0.9)
    np.testing.assert_allclose(y, [0.35, 10.0], atol=1e-6)
    worn = plants.looper(faults={"drive_wear": 1.0})
    assert worn.dynamics(0, worn.x0, [0, 0.01, 0])[3] == pytest.approx(0.01 / 0.25)


# Mould level


def test_mould_area_and_flow():
    P = plants.mould_level()
    p = P.parameters
    assert p.width * p.thickness == pytest.approx(0.264)
    assert P.u0[0] == pytest.approx(10.0)
    # 5.28 L/s keep the level; without them it falls as fast as the strand is drawn: 20 mm/s.
    assert p.flow_gain * P.u0[0] == pytest.approx(5.28)
    assert P.dynamics(0, [0.0, 0.0], P.u0)[0] == pytest.approx(-20.0)


@few
@given(
    stopper=share(5, 15), v_c=share(0.8, 1.6), head=share(0.5, 1.3), bulging=share(-1, 1),
    clogging=share(0, 1),
)  # fmt: skip
def test_steel_that_comes_is_cast_or_raises_the_level(stopper, v_c, head, bulging, clogging):
    P = plants.mould_level(faults={"clogging": clogging})
    p = P.parameters
    rig = plants.Rig(P, dt=0.005, sensors=False)
    level, opening = steps(rig, 600, stopper=stopper, v_c=v_c, head=head, bulging=bulging).T
    came = np.trapezoid(p.flow_gain * (1 - 0.4 * clogging) * opening * math.sqrt(head), dx=0.005)
    cast = 3.0 * 264.0 * v_c / 60.0
    assert came + 3.0 * bulging - cast == pytest.approx(0.264 * level[-1], rel=1e-4, abs=1e-3)


def test_mould_is_an_integrator_behind_a_servo():
    P = plants.mould_level()
    sys = P.linearize(P.x0, P.u0)[0, 0]
    poles = sorted(ct.poles(sys).real)
    np.testing.assert_allclose(poles, [-10.0, 0.0], atol=1e-6)
    assert (0.1j * sys(0.1j)).real == pytest.approx(0.528 / 0.264, rel=1e-3)


def test_a_clogged_nozzle_needs_a_wider_stopper_and_a_low_tundish_too():
    clogged = plants.mould_level(faults={"clogging": 1.0})
    assert clogged.dynamics(0, [0.0, 10.0 / 0.6], clogged.u0)[0] == pytest.approx(0.0, abs=1e-9)
    sound = plants.mould_level()
    low = sound.dynamics(0, [0.0, 20.0], [20.0, 1.2, 0.25, 0.0])
    assert low[0] == pytest.approx(0.0, abs=1e-9)


def test_a_bulging_strand_moves_the_level_by_three_millimetres():
    P = plants.mould_level(faults={"bulging_wave": 1.0})
    t = np.arange(0, 20, 0.05)
    level = plants.record(P, t, {}, sensors=False)["level"]
    np.testing.assert_allclose(level, 3.0 * np.sin(2 * np.pi * 0.2 * t), atol=1e-3)
