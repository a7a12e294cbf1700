"""Drives and axes obey physics and have the numbers that their cards give."""

import math

import control as ct
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import plants
from millwright_labs.plants.hydraulic_axis import _flows, _volumes

few = settings(max_examples=10, deadline=None)


def share(low, high):
    return st.floats(low, high, allow_nan=False)


def steps(rig, n, **inputs):
    """Run `n` steps; give the states, shape (n + 1, nstates)."""
    return np.array([rig.x] + [(rig.step(**inputs), rig.x)[1] for _ in range(n)])


# Two-mass drive


def test_two_mass_drive_resonance_and_antiresonance():
    P = plants.two_mass_drive(plants.TwoMassDrive().without_friction())
    sys = P.linearize(P.x0, P.u0)
    poles, zeros = ct.poles(sys), ct.zeros(ct.ss2tf(sys)[0, 0])
    assert max(abs(poles)) / (2 * math.pi) == pytest.approx(163.1, abs=0.05)
    assert max(abs(zeros)) / (2 * math.pi) == pytest.approx(87.2, abs=0.05)
    # The table has no antiresonance, and at low frequency both move as one mass.
    omega = 2 * math.pi * 5.0
    motor, table = (sys[i, 0](1j * omega) for i in (0, 1))
    assert abs(motor) == pytest.approx(1 / (omega * 7e-3), rel=0.01)
    assert abs(table) == pytest.approx(1 / (omega * 7e-3), rel=0.01)


@pytest.mark.parametrize("faults", [{}, {"friction_growth": 1.0, "coupling_wear": 0.5}])
@few
@given(T=share(-5, 5), T_load=share(-3, 3))
def test_two_mass_drive_power_balance_closes(faults, T, T_load):
    """The motor's work moves the masses, twists the screw, heats damper and guideways."""
    P = plants.two_mass_drive(faults=faults)
    p = P.parameters
    dt = 1e-4
    rig = plants.Rig(P, dt=dt, sensors=False)
    w_m, twist, w_t = steps(rig, 3000, T=T, T_load=T_load).T
    k = p.k * (1 - 0.5 * faults.get("coupling_wear", 0.0))
    dry = p.T_coulomb * (1 + 1.5 * faults.get("friction_growth", 0.0))
    friction = dry * np.tanh(w_t / p.stick_speed) + p.b * w_t
    supplied = np.trapezoid(T * w_m - T_load * w_t, dx=dt)
    spent = np.trapezoid(p.d * (w_m - w_t) ** 2 + friction * w_t, dx=dt)
    stored = (p.J_motor * w_m[-1] ** 2 + p.J_table * w_t[-1] ** 2 + k * twist[-1] ** 2) / 2
    assert supplied == pytest.approx(spent + stored, rel=2e-3, abs=1e-4)


def test_a_worn_coupling_rings_lower_and_a_loose_one_carries_nothing_within_its_play():
    linear = plants.TwoMassDrive().without_friction()
    worn = plants.two_mass_drive(linear, faults={"coupling_wear": 1.0})
    poles = ct.poles(worn.linearize(worn.x0, worn.u0))
    assert max(abs(poles)) / (2 * math.pi) == pytest.approx(163.1 / math.sqrt(2), abs=0.1)
    loose = plants.two_mass_drive(linear, faults={"coupling_play": 1.0})
    within, beyond = (loose.dynamics(0, [0.0, twist, 0.0], [0, 0]) for twist in (0.0024, 0.0035))
    np.testing.assert_allclose(within, 0.0)
    assert beyond[2] == pytest.approx(1500.0 * 0.001 / 5e-3)


def test_a_drive_holds_still_until_the_torque_breaks_its_friction():
    P = plants.two_mass_drive()
    held, moved = (
        plants.record(P, np.arange(0, 1, 0.01), {"T": T}, sensors=False)["speed_table"].iloc[-1]
        for T in (0.35, 0.5)
    )
    assert abs(held) < 2 * P.parameters.stick_speed
    assert moved > 5.0


# Hydraulic axis


def test_hydraulic_natural_frequency():
    """Merritt's formula: oil column and mass, in mid-stroke and without friction."""
    P = plants.hydraulic_axis(plants.HydraulicAxis(F_coulomb=0.0, b=0.0))
    poles = ct.poles(P.linearize(P.x0, P.u0))
    swinging = poles[np.abs(poles.imag) > 1.0]
    assert abs(swinging[0]) / (2 * math.pi) == pytest.approx(30.7, abs=0.1)
    assert 0.0 < -swinging[0].real / abs(swinging[0]) < 0.05


def test_air_in_the_oil_lowers_the_natural_frequency():
    P = plants.hydraulic_axis(plants.HydraulicAxis(F_coulomb=0.0), faults={"air_in_oil": 1.0})
    poles = ct.poles(P.linearize(P.x0, P.u0))
    assert max(abs(poles.imag)) / (2 * math.pi) == pytest.approx(30.7 * math.sqrt(0.4), abs=0.3)


def test_speed_of_the_open_valve_and_of_one_that_carries_a_load():
    P = plants.hydraulic_axis()
    free, pushing, pulled = (
        plants.operating_point(P, valve=1.0, F_load=F)[0][1] for F in (0.0, 8.0, -8.0)
    )
    assert free == pytest.approx(479.3, abs=0.1)
    # Without friction and leaks: half the supply's pressure over each edge.
    tight = plants.HydraulicAxis(F_coulomb=0.0, b=0.0, leak_null=1e-6, leak_piston=0.0)
    ideal = plants.operating_point(plants.hydraulic_axis(tight), valve=1.0)[0][1]
    assert ideal == pytest.approx(1e6 / 3 * math.sqrt(7.9 / 3.5) / 1000.0, rel=1e-4)
    assert pushing < 0.8 * free
    assert pulled > 1.1 * free
    back = plants.operating_point(P, valve=-1.0)[0][1]
    assert back == pytest.approx(-free)


@few
@given(valve=share(-1, 1), F_load=share(-8, 8), seal=share(0, 1), air=share(0, 1))
def test_no_oil_is_lost_or_made(valve, F_load, seal, air):
    """What flows into a chamber makes room by moving the piston, leaks past it, or is pressed."""
    P = plants.hydraulic_axis(faults={"seal_wear": seal, "air_in_oil": air})
    p, f = P.parameters, P.severities()
    dt = 2e-4
    rig = plants.Rig(P, dt=dt, sensors=False)
    x = steps(rig, 500, valve=valve, F_load=F_load)
    flows = np.array([_flows(row, p, f) for row in x.tolist()])
    V = np.array([_volumes(row, p) for row in x.tolist()])
    bulk = p.bulk * (1 - 0.6 * air)
    for side, pressure, sign in ((0, x[:, 2], 1.0), (1, x[:, 3], -1.0)):
        came = np.trapezoid(flows[:, side] - sign * flows[:, 2], dx=dt)
        room = sign * p.A * (x[-1, 0] - x[0, 0])
        pressed = np.sum((V[1:, side] + V[:-1, side]) / 2 * np.diff(pressure)) / bulk
        assert came == pytest.approx(room + pressed, rel=5e-3, abs=20.0)


@few
@given(valve=share(-1, 1), F_load=share(-8, 8), dry=share(0, 1))
def test_hydraulic_work_moves_the_mass_and_the_load(valve, F_load, dry):
    P = plants.hydraulic_axis(faults={"friction_growth": dry})
    p = P.parameters
    dt = 2e-4
    rig = plants.Rig(P, dt=dt, sensors=False)
    _, v, p_A, p_B, _ = steps(rig, 500, valve=valve, F_load=F_load).T
    push = np.trapezoid(p.A * (p_A - p_B) * v, dx=dt) / 1000.0
    friction = p.F_coulomb * (1 + 3 * dry) * np.tanh(v / 5.0) + p.b * v
    lost = np.trapezoid((friction + 1000.0 * F_load) * v, dx=dt) / 1000.0
    stored = 0.5 * p.m * (v[-1] / 1000.0) ** 2
    assert push == pytest.approx(lost + stored, rel=5e-3, abs=0.05)


def test_the_end_stop_holds_the_piston():
    P = plants.hydraulic_axis()
    rig = plants.Rig(P, dt=0.005, sensors=False)
    x = steps(rig, 400, valve=1.0)
    assert x[:, 0].max() < 103.0
    assert x[-1, 1] == pytest.approx(0.0, abs=0.01)
    assert x[-1, 2] == pytest.approx(16.0, abs=0.05)
    away = steps(rig, 40, valve=-1.0)
    assert away[-1, 0] < 60.0


def test_a_closed_valve_centres_pressure_and_holds_a_load_but_for_its_leaks():
    P = plants.hydraulic_axis()
    creep = [
        plants.operating_point(plants.hydraulic_axis(faults=faults), F_load=4.0)[0][1]
        for faults in ({}, {"seal_wear": 1.0}, {"valve_wear": 1.0})
    ]
    _, _, y = plants.operating_point(P)
    np.testing.assert_allclose(y[1:], 8.1, atol=1e-6)
    assert -8.0 < creep[0] < 0.0
    assert creep[1] < 5 * creep[0]
    assert creep[2] < 5 * creep[0]


def test_a_weak_pump_is_slower_and_a_sticking_valve_later():
    weak = plants.hydraulic_axis(faults={"pump_wear": 1.0})
    sound = plants.hydraulic_axis()
    speed = [plants.operating_point(P, valve=0.8)[0][1] for P in (weak, sound)]
    assert speed[0] == pytest.approx(math.sqrt(9.4 / 15.8) * speed[1], rel=0.05)
    sticking = plants.hydraulic_axis(faults={"valve_sticking": 1.0})
    assert sticking.dynamics(0, sticking.x0, [1.0, 0.0])[4] == pytest.approx(1 / 0.015)
