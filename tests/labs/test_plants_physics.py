"""The machines obey physics and have the numbers that their sources give."""

import math
from dataclasses import replace

import control as ct
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import plants
from millwright_labs.plants.cnc_axis import friction

few = settings(max_examples=10, deadline=None)


def share(low, high):
    return st.floats(low, high, allow_nan=False)


def steps(rig, n, **inputs):
    """Run `n` steps; give the states, shape (n + 1, nstates)."""
    return np.array([rig.x] + [(rig.step(**inputs), rig.x)[1] for _ in range(n)])


def max_sensitivity(L):
    """The largest |1/(1 + L)| on a dense grid."""
    omega = np.logspace(-1, 4, 20_000)
    return np.max(np.abs(1.0 / (1.0 + L(1j * omega))))


# Furnace zone


def test_furnace_static_gains():
    P = plants.furnace_zone()
    gains = P.linearize(P.x0, P.u0).dcgain()
    np.testing.assert_allclose(gains, [[0.599, 0.050], [0.100, 0.300]], atol=5e-4)


@few
@given(Q1=share(0, 100), Q2=share(0, 100), T_ambient=share(-20, 35))
def test_furnace_heat_balance_closes(Q1, Q2, T_ambient):
    """What the heaters give is stored in the zones or lost to the surroundings."""
    P = plants.furnace_zone(plants.FurnaceZone(T_ambient=T_ambient))
    p = P.parameters
    rig = plants.Rig(P, dt=1.0, sensors=False)
    x = steps(rig, 600, Q1=Q1, Q2=Q2)
    stored = (x[-1] - x[0])[:2].sum()
    given_ = 600.0 * p.alpha * (p.P1 * Q1 + p.P2 * Q2)
    lost = p.loss * np.trapezoid(x[:, :2].sum(axis=1) - 2 * T_ambient)
    assert stored + lost == pytest.approx(given_, rel=1e-3, abs=1e-9)


def test_furnace_zones_are_alike_but_for_their_heaters():
    P = plants.furnace_zone(plants.FurnaceZone(P1=150.0, P2=150.0))
    one, other = plants.Rig(P, dt=1.0, sensors=False), plants.Rig(P, dt=1.0, sensors=False)
    x, y = steps(one, 100, Q1=70.0, Q2=20.0), steps(other, 100, Q1=20.0, Q2=70.0)
    np.testing.assert_allclose(x, y[:, [1, 0, 3, 2]], rtol=1e-12)


def test_furnace_never_cools_below_its_surroundings_and_a_thermometer_lags():
    P = plants.furnace_zone()
    rig = plants.Rig(P, dt=1.0, sensors=False)
    x = steps(rig, 600, Q1=100.0)
    assert x.min() >= P.parameters.T_ambient
    assert np.all(np.diff(x[:, 0]) >= 0)
    assert np.all(x[1:, 0] > x[1:, 2])
    assert np.all(x[1:, 0] > x[1:, 1])


@pytest.mark.parametrize(
    ("faults", "Q1", "Q2", "like_Q1", "like_Q2"),
    [
        ({"heater_wear": 0.3}, 50.0, 20.0, 35.0, 20.0),
        ({"heater_wear_2": 1.0}, 50.0, 20.0, 50.0, 0.0),
        ({"Q1_stuck": 0.4}, 10.0, 20.0, 40.0, 20.0),
        ({"Q1_stuck": 0.4}, 60.0, 20.0, 60.0, 20.0),
        ({"Q2_limit": 0.3}, 50.0, 90.0, 50.0, 70.0),
        ({"Q1_limit": 0.5, "heater_wear": 0.5}, 80.0, 0.0, 25.0, 0.0),
    ],
)
def test_furnace_faults_are_as_the_card_says(faults, Q1, Q2, like_Q1, like_Q2):
    x, _, _ = plants.operating_point(plants.furnace_zone(faults=faults), Q1=Q1, Q2=Q2)
    sound, _, _ = plants.operating_point(plants.furnace_zone(), Q1=like_Q1, Q2=like_Q2)
    np.testing.assert_allclose(x, sound, rtol=1e-9)


# Incubator


def test_incubator_time_constants_and_gain():
    P = plants.incubator()
    sys = P.linearize(P.x0, P.u0)
    np.testing.assert_allclose(sorted(-1.0 / ct.poles(sys).real), [79, 1153], atol=0.5)
    power = P.parameters.V_heater * P.parameters.I_heater
    assert sys.dcgain()[0, 0] / power == pytest.approx(1.735, abs=5e-4)
    assert sys.dcgain()[0, 1] == pytest.approx(1.0)


def test_incubator_steady_kalman_gain():
    """The published filter setting, Ts = 3 s, Q = 1e-4 I, R = 0.0625, from the default numbers."""
    P = plants.incubator()
    sys = P.linearize(P.x0, P.u0)
    A = scipy.linalg.expm(sys.A * 3.0)
    cov = scipy.linalg.solve_discrete_are(A.T, sys.C.T, 1e-4 * np.eye(2), np.array([[0.0625]]))
    K = cov @ sys.C.T / (sys.C @ cov @ sys.C.T + 0.0625)
    np.testing.assert_allclose(sorted(K.ravel()), [0.0216, 0.0300], atol=5e-5)


@few
@given(
    heater=share(0, 1),
    T_room=share(-10, 40),
    lid=share(0, 1),
    C_air=share(100, 500),
    G_heater=share(0.5, 3),
)
def test_incubator_energy_balance_closes(heater, T_room, lid, C_air, G_heater):
    P = plants.incubator(plants.Incubator(C_air=C_air, G_heater=G_heater), faults={"lid_open": lid})
    p = P.parameters
    rig = plants.Rig(P, dt=0.5, sensors=False)
    x = steps(rig, 1200, heater=heater, T_room=T_room)
    change = x[-1] - x[0]
    stored = p.C_heater * change[0] + p.C_air * change[1]
    given_ = 600.0 * heater * p.V_heater * p.I_heater
    lost = (p.G_box + lid * p.G_lid) * np.trapezoid(x[:, 1] - T_room, dx=0.5)
    assert stored + lost == pytest.approx(given_, rel=1e-3, abs=1.0)


def test_incubator_with_the_lid_open_cools_to_the_room_and_recovers():
    P = plants.incubator(faults={"lid_open": lambda t: float(3000 <= t < 3600)})
    table = plants.record(P, np.arange(0, 9000, 3.0), {"heater": 1.0}, sensors=False)["T_box"]
    closed, opened, again = table.loc[2997.0], table.loc[3597.0], table.loc[8997.0]
    assert closed > 45
    # With the lid open, 18.67 W over 15.6 W/K: 1.2 K above the room in the end.
    assert 22.2 < opened < 25.0
    assert again > 45


@pytest.mark.parametrize(
    ("faults", "rise"),
    [
        ({"heater_wear": 0.5}, 0.5 * 32.385),
        ({"heater_wear": 1.0}, 0.0),
        ({"fan_wear": 1.0}, 32.385),
        ({"lid_open": 1.0}, 18.6654 / 15.57635),
    ],
)
def test_incubator_faults_are_as_the_card_says(faults, rise):
    x, _, y = plants.operating_point(plants.incubator(faults=faults), heater=1.0)
    assert y[0] - 21.0 == pytest.approx(rise, abs=1e-3)
    if "fan_wear" in faults:
        sound, _, _ = plants.operating_point(plants.incubator(), heater=1.0)
        assert x[0] - x[1] == pytest.approx(5 * (sound[0] - sound[1]))


# DC motor


def test_dc_motor_poles_and_gain():
    P = plants.dc_motor()
    sys = P.linearize(P.x0, P.u0)
    np.testing.assert_allclose(sorted(ct.poles(sys).real), [-9.998, -2.003], atol=1e-3)
    assert sys.dcgain()[0, 0] == pytest.approx(0.0999, abs=5e-5)


@few
@given(
    V=share(-12, 12),
    T_load=share(-0.1, 0.1),
    K=share(0.005, 0.3),
    R=share(0.3, 5),
    wear=share(0, 1),
)
def test_dc_motor_power_balance_closes(V, T_load, K, R, wear):
    """Electrical energy in = heat in winding and bearings + work on the load + stored."""
    P = plants.dc_motor(
        plants.DcMotor(K=K, R=R), faults={"friction_growth": wear, "resistance_growth": wear}
    )
    p = P.parameters
    dt = 0.002
    rig = plants.Rig(P, dt=dt, sensors=False)
    speed, i = steps(rig, 1500, V=V, T_load=T_load).T
    b, R = p.b * (1 + 2 * wear), R * (1 + wear)
    supplied = np.trapezoid(V * i, dx=dt)
    spent = np.trapezoid(R * i**2 + b * speed**2 + T_load * speed, dx=dt)
    stored = 0.5 * p.L * i[-1] ** 2 + 0.5 * p.J * speed[-1] ** 2
    assert supplied == pytest.approx(spent + stored, rel=1e-3, abs=1e-5)


def test_dc_motor_is_odd_and_a_load_slows_it():
    P = plants.dc_motor()
    _, _, forward = plants.operating_point(P, V=6.0, T_load=0.02)
    _, _, backward = plants.operating_point(P, V=-6.0, T_load=-0.02)
    _, _, free = plants.operating_point(P, V=6.0)
    np.testing.assert_allclose(forward, -backward)
    assert forward[0] < free[0]
    assert forward[1] > free[1]


@pytest.mark.parametrize(
    ("fault", "like"),
    [
        ({"friction_growth": 0.5}, {"b": 0.2}),
        ({"resistance_growth": 1.0}, {"R": 2.0}),
        ({"magnet_loss": 1.0}, {"K": 0.005}),
    ],
)
def test_dc_motor_faults_are_as_the_card_says(fault, like):
    worn = plants.dc_motor(faults=fault)
    other = plants.dc_motor(plants.DcMotor(**like))
    x, u = np.array([0.7, 3.0]), np.array([5.0, 0.05])
    np.testing.assert_allclose(worn.dynamics(0, x, u), other.dynamics(0, x, u))


# CNC axis


def test_x_axis_gain_and_time_constant():
    P = plants.cnc_axis(parameters=plants.AXES["X"].without_friction())
    sys = P.linearize(P.x0, P.u0)
    speed = sys.A[1, 1], sys.B[1, 0]
    assert -1.0 / speed[0] == pytest.approx(0.173, abs=5e-4)
    assert -speed[1] / speed[0] == pytest.approx(144.8, abs=0.05)
    assert sys.A[0, 1] == pytest.approx(1.5915)


@pytest.mark.parametrize(
    ("axis", "phase_margin", "peak"), [("X", 50.2, 1.50), ("Y", 50.2, 1.50), ("Z", 21.5, 2.85)]
)
def test_position_loops_as_printed(axis, phase_margin, peak):
    L = plants.position_loop(plants.cnc_axis(axis))
    assert ct.margin(L)[1] == pytest.approx(phase_margin, abs=0.05)
    assert max_sensitivity(L) == pytest.approx(peak, abs=0.005)


def test_z_axis_is_badly_damped_as_printed_and_well_damped_at_20_per_second():
    P = plants.cnc_axis("Z")

    def damping(**gains):
        poles = ct.poles(ct.feedback(plants.position_loop(P, **gains), 1))
        slow = poles[np.abs(poles.imag) > 1.0][0]
        return -slow.real / abs(slow)

    assert damping() == pytest.approx(0.19, abs=0.005)
    assert damping(Kp=20.0 / P.parameters.rg) == pytest.approx(0.74, abs=0.005)


def test_position_loop_is_the_loop_around_the_plant():
    """The same P-PI controller, put around the linear plant by python-control."""
    p = plants.AXES["X"].without_friction()
    P = plants.cnc_axis(parameters=p)
    position = ct.nlsys(
        None, lambda t, x, e, q: p.Kp * e, inputs=["error"], outputs=["setpoint"], name="Cp"
    )
    speed = ct.nlsys(
        lambda t, x, e, q: (e[0] - e[1]) / p.Tv,
        lambda t, x, e, q: p.Kv * (e[0] - e[1] + x),
        inputs=["setpoint", "speed"],
        outputs=["u"],
        states=1,
        name="Cv",
    )
    opened = ct.interconnect([P, position, speed], inputs=["error"], outputs=["position"])
    found = opened.linearize(np.zeros(3), np.zeros(1))
    omega = np.logspace(0, 3, 50)
    expected = plants.position_loop(P)(1j * omega)
    np.testing.assert_allclose(found(1j * omega), expected, rtol=1e-4)


@pytest.mark.parametrize("P", [plants.dc_motor(), plants.DcMotor(), "X"])
def test_position_loop_wants_an_axis(P):
    with pytest.raises(plants.ParameterError, match="needs a cnc_axis"):
        plants.position_loop(P)


@pytest.mark.parametrize("axis", "XYZ")
def test_friction_has_the_published_levels_on_both_sides(axis):
    p = plants.AXES[axis]
    assert friction(0.0, p) == 0.0
    assert friction(100.0, p) == pytest.approx(p.coulomb_plus)
    assert friction(-100.0, p) == pytest.approx(-p.coulomb_minus)
    forward = [friction(w, p) for w in np.linspace(0, 2, 2001)]
    backward = [-friction(-w, p) for w in np.linspace(0, 2, 2001)]
    # The peak stays a little below break-away, because smoothing takes some of it.
    assert 0.97 * p.static_plus < max(forward) <= p.static_plus
    assert 0.97 * p.static_minus < max(backward) <= p.static_minus


@few
@given(speed=share(-300, 300), axis=st.sampled_from("XYZ"))
def test_friction_always_takes_energy(speed, axis):
    assert friction(speed, plants.AXES[axis]) * speed >= 0.0


@pytest.mark.parametrize("axis", "XYZ")
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_an_axis_sticks_below_break_away_and_moves_above(axis, side):
    P = plants.cnc_axis(axis)
    p = P.parameters
    level = p.static_plus if side > 0 else p.static_minus
    rig = plants.Rig(P, dt=0.01, sensors=False)
    for _ in range(100):
        rig.step(u=side * 0.9 * level)
    assert abs(rig.x[0]) < 4 * p.stick_speed * p.rg
    for _ in range(100):
        rig.step(u=side * 1.2 * level)
    assert side * rig.x[1] > 5.0


def test_an_axis_drives_slower_and_sticks_again_as_the_voltage_falls():
    P = plants.cnc_axis("X")
    _, _, fast = plants.operating_point(P, u=2.0)
    _, _, slow = plants.operating_point(P, u=1.0)
    _, _, back = plants.operating_point(P, u=-1.0)
    p = P.parameters
    gain = p.Ka * p.Kt / p.B
    assert fast[1] == pytest.approx(gain * (2.0 - p.coulomb_plus), rel=1e-6)
    assert slow[1] == pytest.approx(gain * (1.0 - p.coulomb_plus), rel=1e-6)
    assert back[1] == pytest.approx(-gain * (1.0 - p.coulomb_minus), rel=1e-6)


@few
@given(u=share(-3, 3), axis=st.sampled_from("XYZ"), wear=share(0, 1))
def test_axis_power_balance_closes(u, axis, wear):
    P = plants.cnc_axis(axis, faults={"friction_growth": wear})
    p = P.parameters
    dt = 5e-4
    rig = plants.Rig(P, dt=dt, sensors=False)
    _, speed = steps(rig, 400, u=u).T
    torque = p.Ka * p.Kt
    lost = np.array([friction(w, p) for w in speed]) * (1 + 1.5 * wear)
    supplied = np.trapezoid(torque * u * speed, dx=dt)
    spent = np.trapezoid(torque * lost * speed + p.B * speed**2, dx=dt)
    stored = 0.5 * p.J * speed[-1] ** 2
    assert supplied == pytest.approx(spent + stored, rel=2e-3, abs=1e-5)


@pytest.mark.parametrize("severity", [0.2, 1.0])
def test_backlash_is_lost_at_every_reversal_and_only_there(severity):
    P = plants.cnc_axis("X", faults={"backlash": severity})
    rig = plants.Rig(P, dt=0.002, sensors=False)

    def move_to(target):
        """A slow drive to a screw position, so that the nut's lag does not count."""
        while abs(error := target - rig.x[0]) > 1e-4:
            speed = max(-20.0, min(20.0, 10.0 * error)) / P.parameters.rg
            p = P.parameters
            torque = p.J * 200.0 * (speed - rig.x[1])
            rig.step(u=friction(rig.x[1], p) + (p.B * rig.x[1] + torque) / (p.Ka * p.Kt))
        return rig.y["position"]

    there = move_to(5.0), move_to(10.0)
    back = move_to(5.0)
    assert there[1] - there[0] == pytest.approx(5.0, abs=2e-3)
    assert back - there[0] == pytest.approx(0.05 * severity, abs=2e-3)


def test_a_worn_screw_errs_once_a_turn():
    P = plants.cnc_axis("X", faults={"screw_wear": 0.5})
    turn = 2 * math.pi * P.parameters.rg
    screw = np.linspace(0, 3 * turn, 301)
    error = np.array([P.output(0, [s, 0.0], [0.0])[0] - s for s in screw])
    np.testing.assert_allclose(error, 0.01 * np.sin(2 * np.pi * screw / turn), atol=1e-12)


# Rolling stand


def test_mill_gains():
    P = plants.mill_agc()
    x, u, y = plants.operating_point(P)
    np.testing.assert_allclose(y, [1.5, 5.0, 2.5, 2.5])
    gains = P.linearize(x, u, copy_names=True).dcgain()
    row = dict(zip(P.input_labels, gains[P.output_labels.index("h_gauge")], strict=True))
    assert row["S_ref"] == pytest.approx(1 / 3, abs=1e-5)
    assert row["eccentricity"] == pytest.approx(1 / 3, abs=1e-5)
    assert row["H"] == pytest.approx(2 / 3, abs=1e-5)
    assert row["hardness"] > 0
    assert row["v"] == pytest.approx(0.0, abs=1e-9)


def test_mill_monitor_loop_margins():
    """Integral control of the gauge with 7.5 1/s: the strip's dead time sets the margins."""
    P = plants.mill_agc()
    sys = P.linearize(P.x0, P.u0)[P.output_labels.index("h_gauge"), 0]
    L = ct.ss2tf(sys) * ct.tf([7.5], [1, 0])
    gain_margin, phase_margin, *_ = ct.margin(L)
    assert phase_margin == pytest.approx(58.5, abs=0.1)
    assert gain_margin == pytest.approx(2.9, abs=0.05)
    assert max_sensitivity(L) == pytest.approx(1.67, abs=0.005)


@pytest.mark.parametrize("v", [4.0, 10.0, 15.0])
def test_mill_dead_time_is_distance_over_speed(v):
    """The linear model's delay against the exact one, where the margins lie and beyond."""
    P = plants.mill_agc()
    x, u, _ = plants.operating_point(P, v=v)
    sys = P.linearize(x, u)
    theta = 2.0 / v
    omega = np.linspace(0.01, 7.0, 200) / theta
    at_gap, at_gauge = sys[3, 0](1j * omega), sys[2, 0](1j * omega)
    ratio = at_gauge / at_gap * np.exp(1j * omega * theta)
    assert np.degrees(np.abs(np.angle(ratio))).max() < 1.0
    np.testing.assert_allclose(np.abs(ratio), 1.0, atol=0.02)


def test_gaugemeter_trades_hardness_against_eccentricity():
    """A gap corrected by 0.8 F/M, closed around the plant: 0.667 to 0.286, 0.333 to 0.714."""
    P = plants.mill_agc()
    C, M = 0.8, P.parameters.M
    F0 = P.output(0.0, P.x0, P.u0)[1]
    gaugemeter = ct.nlsys(
        None,
        lambda t, x, F, q: P.u0[0] - C / M * (F - F0),
        inputs=["F"],
        outputs=["S_ref"],
        name="C",
    )
    disturbances = ["H", "eccentricity"]
    loop = ct.interconnect(
        [P, gaugemeter], inputs=[*disturbances, "v", "hardness"], outputs=["h", "S", "h_gauge"]
    )
    u = [3.0, 0.0, 10.0, 1.0]
    closed = loop.linearize(P.x0, u).dcgain()[0, :2]
    opened = P.linearize(P.x0, P.u0).dcgain()[3, [2, 4]]
    np.testing.assert_allclose(opened, [0.667, 0.333], atol=5e-4)
    np.testing.assert_allclose(closed, [0.286, 0.714], atol=5e-4)


@few
@given(
    M=share(2, 8),
    Q=share(2, 30),
    S=share(0.5, 4),
    H=share(0.6, 6),
    hardness=share(0.5, 2),
    ecc=share(-0.2, 0.2),
    loss=share(0, 1),
)
def test_stand_and_strip_press_alike(M, Q, S, H, hardness, ecc, loss):
    """The stand's spring and the strip agree on force and thickness; rolls never pull."""
    P = plants.mill_agc(plants.MillAgc(M=M, Q=Q), faults={"modulus_loss": loss})
    x = np.array([S, 2.5, 0, 0, 0, 0, 0])
    S, F, _, h = P.output(0.0, x, [S, 10.0, H, hardness, ecc])
    assert F >= 0.0
    if F > 0.0:
        assert pytest.approx(M * (1 - 0.3 * loss) * (h - S - ecc), rel=1e-9, abs=1e-9) == F
        assert pytest.approx(Q * hardness * (H - h), rel=1e-9, abs=1e-9) == F
    else:
        assert h == H <= S + ecc


def test_the_gauge_sees_nothing_before_the_strip_arrives():
    P = plants.mill_agc(plants.MillAgc(servo_lag=0.001))
    rig = plants.Rig(P, dt=0.01, sensors=False)
    gauge = [rig.step(H=3.3)["h_gauge"] for _ in range(40)]
    np.testing.assert_array_equal(gauge[:19], 2.5)
    np.testing.assert_allclose(gauge[20:], 2.7)


def test_strip_already_rolled_arrives_later_when_the_mill_slows_down():
    P = plants.mill_agc()
    rig = plants.Rig(P, dt=0.01, sensors=False)
    rig.step(H=3.3)  # 0.1 m of thicker strip at 10 m/s
    for _ in range(9):
        rig.step(H=3.0)  # its head is 1 m from the stand now
    seen = [rig.step(v=2.0)["h_gauge"] for _ in range(60)]
    thick = np.flatnonzero(np.array(seen) > 2.6)
    # One metre more at 2 m/s takes 0.5 s, and 0.1 m takes 0.05 s to pass.
    assert thick[0] == pytest.approx(50, abs=1)
    assert len(thick) == pytest.approx(5, abs=1)


def test_rig_and_python_control_see_the_same_gauge_when_thickness_changes_smoothly():
    P = plants.mill_agc()
    t = np.arange(0, 4, 0.005)
    H = 3.0 + 0.2 * np.sin(2 * np.pi * 1.0 * t) * np.minimum(1.0, t)
    rig = plants.record(P, t, {"H": H}, sensors=False)["h_gauge"].to_numpy()
    u = np.tile(P.u0, (len(t), 1)).T
    u[2] = H
    response = ct.input_output_response(P, t, u, P.x0, solve_ivp_kwargs={"rtol": 1e-7})
    # Half a sample's difference remains, because the rig holds its inputs.
    np.testing.assert_allclose(response.outputs[2], rig, atol=0.2 * 2 * np.pi * 0.005)


def test_a_round_trip_of_the_eccentric_roll_shows_once_a_turn():
    P = plants.mill_agc(faults={"roll_eccentricity": 0.6})
    t = np.arange(0, 2, 0.005)
    table = plants.record(P, t, {"v": 8.0}, sensors=False)
    wave = 0.03 * np.sin(8.0 / 0.7 * t)
    np.testing.assert_allclose(table["h"], 2.5 + wave / 3, atol=1e-6)
    assert np.all(np.sign(table["F"] - 5.0)[1:] == -np.sign(wave)[1:])


def test_modulus_loss_lets_the_stand_give_way():
    _, _, sound = plants.operating_point(plants.mill_agc())
    _, _, worn = plants.operating_point(plants.mill_agc(faults={"modulus_loss": 1.0}))
    assert worn[3] > sound[3]
    assert worn[1] / (worn[3] - worn[0]) == pytest.approx(3.5)


def test_a_worn_servo_is_slower_and_no_less_exact():
    P = plants.mill_agc(faults={"servo_wear": 0.5})
    x, u, y = plants.operating_point(P, S_ref=1.2)
    assert y[0] == pytest.approx(1.2)
    assert P.linearize(x, u).A[0, 0] == pytest.approx(-1 / (0.02 * 3))


# Limits


@pytest.mark.parametrize(
    ("P", "inputs", "message"),
    [
        (plants.furnace_zone(), {"Q1": 101.0}, "Q1 = 101 % is outside 0 to 100 %.*actuator"),
        (plants.furnace_zone(), {"Q2": -1.0}, "Q2 = -1 %"),
        (
            plants.furnace_zone(plants.FurnaceZone(P1=255.0, T_ambient=40.0)),
            {"Q1": 100.0},
            r"T1 = 116\.4.* °C is outside.*more than is safe",
        ),
        (plants.cnc_axis(), {"u": 5.0}, "speed = 646.* rad/s is outside"),
        (
            plants.cnc_axis(parameters=replace(plants.AXES["X"].without_friction(), B=0.0)),
            {"u": 0.1},
            "settles nowhere at u = 0.1 V",
        ),
    ],
    ids=["input high", "input low", "unsafe", "too fast", "no friction"],
)
def test_an_operating_point_outside_limits_is_refused(P, inputs, message):
    with pytest.raises(plants.OperatingPointError, match=message):
        plants.operating_point(P, **inputs)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [({"Q3": 1.0}, "no input 'Q3'"), ({"Q1": math.nan}, "'Q1'.*number in %, got nan")],
)
def test_an_operating_point_wants_known_numbers(inputs, message):
    with pytest.raises(plants.SignalError, match=message):
        plants.operating_point(plants.furnace_zone(), **inputs)


@few
@given(Q1=share(0, 100), Q2=share(0, 100))
def test_a_rig_settles_at_the_operating_point(Q1, Q2):
    P = plants.furnace_zone()
    x, _, _ = plants.operating_point(P, Q1=Q1, Q2=Q2)
    rig = plants.Rig(P, dt=20.0, sensors=False)
    assert np.allclose(steps(rig, 300, Q1=Q1, Q2=Q2)[-1], x, atol=1e-6)
