"""Drives and axes obey physics and have the numbers that their cards give."""

import math

import control as ct
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import plants
from millwright_labs.plants.hydraulic_axis import _flows, _volumes
from millwright_labs.plants.pump_wear import _load, _motor

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


# Pump with wear


def test_pump_runs_where_motor_and_fluid_balance():
    """The published start: 3,600 rpm supply; 371 rad/s and 0.11 m³/s balance flow and torque."""
    P = plants.pump_wear()
    p = P.parameters
    x, _, y = plants.operating_point(P)
    np.testing.assert_allclose(x, P.x0, rtol=1e-6)
    w, Q = y[0], y[1]
    assert w == pytest.approx(370.7, abs=0.05)
    assert pytest.approx(0.1103, abs=5e-5) == Q
    pressure = p.A_new * w**2 + p.b * w * Q - 689_475.0
    assert pytest.approx(p.c * math.sqrt(pressure), rel=1e-4) == Q
    slip = 1 - w / 376.991118431
    motor = (
        3 * 0.076 / (slip * 376.991) * 471.2389**2
        / ((0.36 + 0.076 / slip) ** 2 + (376.991 * 0.00063) ** 2)
    )  # fmt: skip
    load = 0.0080032 * w + p.a_0 * w**2 + p.a_1 * w * Q - p.a_2 * Q**2
    assert motor == pytest.approx(load, rel=1e-4)


def test_the_published_leak_at_the_published_pressures():
    """progpy's start: 8.303e-8 m³/s through the internal leak of the new pump."""
    P = plants.pump_wear()
    tight = plants.pump_wear(plants.PumpWear(leak=0.0))
    lost = tight.output(0, P.x0, P.u0)[1] - P.output(0, P.x0, P.u0)[1]
    assert lost == pytest.approx(8.3035e-8, rel=1e-3)


@few
@given(V=share(300, 500), p_discharge=share(600, 1100), thrust=share(0, 1))
def test_pump_torque_and_heat_balances_close(V, p_discharge, thrust):
    P = plants.pump_wear(faults={"thrust_bearing_wear": thrust})
    p, f = P.parameters, P.severities()
    rig = plants.Rig(P, dt=0.05, sensors=False)
    inputs = {"V": V, "p_discharge": p_discharge}
    x = steps(rig, 800, **inputs)
    u = list(rig.u.values())
    w = x[:, 0]
    rows = x.tolist()
    net = [_motor(row[0], V, u[1], p) * row[0] - _load(row, u, p, f) * row[0] for row in rows]
    kinetic = 0.5 * p.J * (w[-1] ** 2 - w[0] ** 2)
    assert np.trapezoid(net, dx=0.05) == pytest.approx(kinetic, rel=2e-3, abs=50.0)
    heat = x[:, 7] * (1 + 2 * thrust) * w**2
    lost = p.H_thrust_room * (x[:, 2] - u[4]) + p.H_thrust_oil * (x[:, 2] - x[:, 4])
    stored = p.mc_thrust * (x[-1, 2] - x[0, 2])
    assert np.trapezoid(heat - lost, dx=0.05) == pytest.approx(stored, rel=2e-3, abs=1e-3)


def test_a_pump_wears_to_its_limit_in_about_a_hundred_hours():
    P = plants.pump_wear()
    rates = P.dynamics(0, P.x0, P.u0)
    hours = (P.x0[5] - 9.5) / -rates[5] / 3600
    assert hours == pytest.approx(100, rel=0.1)
    assert rates[6] * 360_000 == pytest.approx(math.log(2) * P.x0[6], rel=0.05)
    standing = P.dynamics(0, [0.0, 0.0, *P.x0[2:]], [0.0, *P.u0[1:]])
    np.testing.assert_array_equal(standing[5:], 0.0)


def test_pump_faults_show_where_the_card_says():
    sound = plants.operating_point(plants.pump_wear())[2]
    impeller, thrust, leak = (
        plants.operating_point(plants.pump_wear(faults={fault: 0.4}))[2]
        for fault in ("impeller_wear", "thrust_bearing_wear", "seal_leak")
    )
    assert impeller[1] < 0.96 * sound[1]
    assert thrust[2] > sound[2] + 20.0
    assert 0.0 < thrust[3] - sound[3] < 12.0
    assert leak[1] == pytest.approx(sound[1] - 0.4e-5 * math.sqrt(689_475.0), rel=0.01)


def test_a_bearing_too_hot_is_no_operating_point():
    worn = plants.pump_wear(faults={"thrust_bearing_wear": 1.0})
    with pytest.raises(plants.OperatingPointError, match=r"T_thrust = .* K is outside 200 to 370"):
        plants.operating_point(worn)


# Valve with wear


def cycle(**faults):
    """Open for 4 s, close for 2 s against a small pressure of the fluid, as a table."""
    P = plants.valve_wear(faults=faults)
    t = np.arange(0, 6, 0.02)
    ports = {"u_bottom": (t < 4).astype(float), "u_top": (t >= 4).astype(float)}
    return plants.record(P, t, {**ports, "p_left": 0.12, "p_right": 0.1}, sensors=False)


def stroke_times(table):
    """Seconds from the command to open until nearly open, and from that to close until closed."""
    opening, closing = table.loc[:4.0, "position"], table.loc[4.0:, "position"]
    opened = np.interp(36.0, np.maximum.accumulate(opening), opening.index)
    closed = np.interp(-2.0, np.maximum.accumulate(-closing), closing.index) - 4.0
    return opened, closed


@pytest.fixture(scope="module")
def sound_cycle():
    return cycle()


def test_a_valve_opens_and_closes_and_lets_its_flow_through(sound_cycle):
    opened, closed = stroke_times(sound_cycle)
    assert 0.5 < opened < 2.0
    assert 0.1 < closed < 1.0
    assert sound_cycle["position"].min() > -3.0
    assert sound_cycle["position"].max() < 40.0
    open_flow = 0.435889 * 0.0506707 * math.sqrt(2 / 70.99 * 0.02e6)
    assert sound_cycle["Q"].max() == pytest.approx(open_flow, rel=1e-3)
    assert sound_cycle["Q"].min() == 0.0


def test_choked_gas_flows_as_the_textbook_says():
    """Nitrogen from 5.27 MPa through 10 mm² with a discharge of 0.62: 75.9 g/s at the start."""
    P = plants.valve_wear()
    p = P.parameters
    choked = p.p_supply * 1e6 * math.sqrt(1.4 / (296.8226 * 293) * (2 / 2.4) ** 6)
    flow = P.dynamics(0, P.x0, [1.0, 0.0, 0.0, 0.0])[2]
    assert flow == pytest.approx(1000 * 0.62 * 10e-6 * choked, rel=1e-6)
    assert flow == pytest.approx(75.9, abs=0.1)


def test_the_published_mass_of_gas_is_that_of_the_supplys_pressure():
    """The source starts with 67.876 g above the closed piston, and 0.94456 g below it."""
    P = plants.valve_wear()
    y = P.output(0, [0.0, 0.0, 0.944560, 67.876043], P.u0)
    assert y[1] == pytest.approx(0.101325, rel=2e-3)
    assert y[2] == pytest.approx(5.27242, rel=1e-3)


@few
@given(bottom=share(0, 1), top=share(0, 1), leak=share(0, 1))
def test_gas_is_neither_lost_nor_made_inside(bottom, top, leak):
    """Past the piston gas only changes sides: both chambers together do not notice that leak."""
    x = [10.0, 5.0, 30.0, 40.0]
    u = [bottom, top, 0.2, 0.1]
    tight, leaking = (
        plants.valve_wear(faults={"piston_leak": s}).dynamics(0, x, u) for s in (0.0, leak)
    )
    assert sum(leaking[2:]) == pytest.approx(sum(tight[2:]), rel=1e-9)
    p_bottom, p_top = plants.valve_wear().output(0, x, u)[1:3]
    assert (leaking[2] - tight[2]) * (p_top - p_bottom) >= 0.0


def test_valve_work_is_stored_or_lost_in_friction():
    """Gas pushes against spring, weight and friction; nothing else takes its work."""
    P = plants.valve_wear()
    p = P.parameters
    rig = plants.Rig(P, dt=0.001, sensors=False)
    x = steps(rig, 1500, u_bottom=1.0)
    # On the way, free of both seats.
    first, last = np.searchsorted(x[:, 0], [2.0, 36.0])
    assert last - first > 100
    x = x[first:last]
    pressure = np.array([P.output(0, row, P.u0)[1:3] for row in x])
    position, v = x[:, 0], x[:, 1]
    gas = np.trapezoid((pressure[:, 0] - pressure[:, 1]) * p.A_piston, position)
    friction = np.trapezoid(p.r * v**2, dx=0.001)
    compressed = p.offset + position[[0, -1]]
    spring = 0.5 * p.k * (compressed[1] ** 2 - compressed[0] ** 2)
    weight = p.m * 9.81 * (position[-1] - position[0])
    kinetic = 0.5 * p.m * (v[-1] ** 2 - v[0] ** 2) / 1000.0
    assert gas == pytest.approx(friction + spring + weight + kinetic, rel=1e-4)


@pytest.mark.parametrize(
    ("fault", "opening", "closing"),
    [
        ("bottom_leak", 1, 0),
        ("friction_growth", 1, 1),
        ("spring_wear", -1, 1),
    ],
)
def test_a_worn_valve_takes_another_time(sound_cycle, fault, opening, closing):
    """A leak below slows opening, a weak spring hastens it and slows closing, friction both."""
    sound, worn = stroke_times(sound_cycle), stroke_times(cycle(**{fault: 0.15}))
    change = np.subtract(worn, sound)
    for way, moved in zip((opening, closing), change, strict=True):
        if way:
            assert way * moved > 0.0, change


def test_leaks_lower_the_pressure_that_holds():
    sound, leaking = plants.valve_wear(), plants.valve_wear(faults={"top_leak": 1.0})
    held = [
        plants.record(P, [0.0, 4.0], {"u_top": 1.0}, sensors=False)["p_top"].iloc[-1]
        for P in (sound, leaking)
    ]
    # Both flows choked: 0.62 of 10 mm² in, 10 or 40 mm² out.
    assert held[1] == pytest.approx(5.27242 * 0.62 * 10 / 40, rel=1e-3)
    assert held[0] > 3 * held[1]
