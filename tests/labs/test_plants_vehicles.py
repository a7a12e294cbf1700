"""Car and aircraft obey physics and have the numbers that their sources give."""

import math

import control as ct
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import plants

few = settings(max_examples=10, deadline=None)


def share(low, high):
    return st.floats(low, high, allow_nan=False)


def steps(rig, n, **inputs):
    """Run `n` steps; give the states, shape (n + 1, nstates)."""
    return np.array([rig.x] + [(rig.step(**inputs), rig.x)[1] for _ in range(n)])


# Quarter car


def test_quarter_car_modes():
    P = plants.quarter_car()
    natural, damping, _ = ct.damp(P.linearize(P.x0, P.u0), doprint=False)
    order = np.argsort(natural)
    np.testing.assert_allclose(natural[order] / (2 * math.pi), [1.20] * 2 + [9.66] * 2, atol=0.005)
    np.testing.assert_allclose(damping[order], [0.28] * 2 + [0.41] * 2, atol=0.005)


def test_the_body_follows_the_road_in_the_end_and_the_tyre_carries_no_actuator_force():
    P = plants.quarter_car()
    x, _, y = plants.operating_point(P, z_road=0.05, F=500.0)
    p = P.parameters
    np.testing.assert_allclose(x, [0.05 + 500.0 / p.k, 0.0, 0.05, 0.0], atol=1e-9)
    np.testing.assert_allclose(y, [500.0 / p.k, 0.0, 0.0], atol=1e-9)


@few
@given(
    F=share(-2000, 2000),
    z_road=share(-0.1, 0.1),
    ms=share(250, 500),
    c=share(0, 4000),
    wear=share(0, 1),
)
def test_quarter_car_energy_balance_closes(F, z_road, ms, c, wear):
    """On a road that stands still, the actuator's work is stored or heats the damper."""
    P = plants.quarter_car(
        plants.QuarterCar(ms=ms, c=c), faults={"damper_wear": wear, "tyre_leak": wear}
    )
    p = P.parameters
    rig = plants.Rig(P, dt=0.001, sensors=False)
    z_s, v_s, z_u, v_u = steps(rig, 2000, F=F, z_road=z_road).T
    c, kt = p.c * (1 - 0.8 * wear), p.kt * (1 - 0.4 * wear)
    energy = (p.ms * v_s**2 + p.mu * v_u**2 + p.k * (z_s - z_u) ** 2 + kt * (z_u - z_road) ** 2) / 2
    work = F * (z_s - z_u)[-1]
    heat = np.trapezoid(c * (v_s - v_u) ** 2, dx=0.001)
    assert energy[-1] + heat == pytest.approx(energy[0] + work, rel=1e-3, abs=1e-3)


def test_no_force_between_body_and_wheel_moves_both_alike():
    """The actuator pushes against the wheel: it cannot change momentum without the tyre."""
    P = plants.quarter_car(faults={"spring_sag": 0.4, "damper_wear": 0.7, "actuator_wear": 0.5})
    x, u = np.array([0.01, -0.2, 0.004, 0.6]), np.array([700.0, 0.02])
    rates = P.dynamics(0.0, x, u)
    p = P.parameters
    assert p.ms * rates[1] + p.mu * rates[3] == pytest.approx(p.kt * (0.02 - 0.004))


@pytest.mark.parametrize(
    ("fault", "like"),
    [
        ({"damper_wear": 1.0}, {"c": 440.0}),
        ({"spring_sag": 0.5}, {"k": 21.25e3}),
        ({"tyre_leak": 1.0}, {"kt": 90e3}),
    ],
)
def test_quarter_car_faults_are_as_the_card_says(fault, like):
    worn, other = plants.quarter_car(faults=fault), plants.quarter_car(plants.QuarterCar(**like))
    x, u = np.array([0.01, -0.2, 0.004, 0.6]), np.array([700.0, 0.02])
    np.testing.assert_allclose(worn.dynamics(0, x, u), other.dynamics(0, x, u))


@pytest.mark.parametrize("road_class", "ABCDE")
def test_a_road_has_the_roughness_of_its_class(road_class):
    """Its density at 0.1 cycles a metre is the standard's, and falls with the square."""
    x = np.arange(0.0, 2000.0, 0.1)
    z = plants.road_profile(x, road_class, seed=1)
    spectrum = 2 * np.abs(np.fft.rfft(z)) ** 2 * 0.1 / len(x)
    n = np.fft.rfftfreq(len(x), 0.1)
    density = 16e-6 * 4 ** "ABCDE".index(road_class)
    for low, high in ((0.02, 0.05), (0.05, 0.2), (0.2, 1.0), (1.0, 2.5)):
        power = spectrum[(low < n) & (n < high)].sum() / 2000.0
        expected = density * 0.1**2 * (1 / low - 1 / high)
        assert power == pytest.approx(expected, rel=0.1), (low, high)
    assert abs(z.mean()) < 0.05 * z.std()


def test_the_same_seed_is_the_same_road_wherever_it_is_looked_at():
    x = np.linspace(0.0, 300.0, 1300)
    np.testing.assert_allclose(
        plants.road_profile(x, "C", seed=3)[700:], plants.road_profile(x[700:], "C", seed=3)
    )
    assert not np.allclose(
        plants.road_profile(x, "C", seed=3), plants.road_profile(x, "C", seed=4), atol=1e-3
    )


@pytest.mark.parametrize(
    ("distance", "road_class", "message"),
    [
        ([0.0, 1.0], "F", "no road class 'F'. Choose from: A, B, C, D, E"),
        ([0.0, math.nan], "C", "numbers in metres"),
        ("far", "C", "numbers in metres"),
        (3.0, "C", "numbers in metres"),
    ],
)
def test_a_wrong_road_is_refused(distance, road_class, message):
    with pytest.raises(plants.ParameterError, match=message):
        plants.road_profile(distance, road_class)


def test_a_rough_road_shakes_a_worn_damper_more():
    t = np.arange(0.0, 20.0, 0.01)
    road = plants.road_profile(20.0 * t, "C", seed=2)
    rms = [
        plants.record(
            plants.quarter_car(faults={"damper_wear": wear}), t, {"z_road": road}, sensors=False
        )["tyre"].std()
        for wear in (0.0, 1.0)
    ]
    assert 0.001 < rms[0] < 0.8 * rms[1]


# Aircraft pitch


def test_aircraft_pitch_is_the_published_system():
    P = plants.aircraft_pitch()
    sys = P.linearize(P.x0, P.u0)
    np.testing.assert_allclose(
        sys.A, [[-0.313, 56.7, 0], [-0.0139, -0.426, 0], [0, 56.7, 0]], atol=1e-7
    )
    np.testing.assert_allclose(sys.B[:, 0], [0.232, 0.0203, 0], atol=1e-7)
    poles = sorted(ct.poles(sys), key=lambda pole: pole.imag)
    np.testing.assert_allclose(poles, [-0.37 - 0.886j, 0, -0.37 + 0.886j], atol=6e-4)


def test_aircraft_pitch_lqr_gain():
    """The tutorial's regulator: weight 50 on the pitch angle, 1 on the elevator."""
    P = plants.aircraft_pitch()
    sys = P.linearize(P.x0, P.u0)
    C = sys.C[:1]
    K, _, _ = ct.lqr(sys.A, sys.B[:, :1], 50.0 * C.T @ C, np.eye(1))
    np.testing.assert_allclose(K, [[-0.6435, 169.695, 7.071]], rtol=1e-4)


@few
@given(delta=share(-0.35, 0.35), gust=share(-0.1, 0.1), ice=share(0, 1))
def test_the_pitch_angle_is_what_the_rate_adds_up_to(delta, gust, ice):
    P = plants.aircraft_pitch(faults={"tail_ice": ice})
    table = plants.record(
        P, np.arange(0.0, 10.0, 0.01), {"delta": delta, "gust": gust}, sensors=False
    )
    turned = np.trapezoid(table["rate"], table.index)
    assert table["theta"].iloc[-1] == pytest.approx(turned, rel=1e-4, abs=1e-6)


def test_a_steady_gust_tilts_nothing_but_the_angle_of_attack():
    """Air that rises evenly is only a moving frame: the aircraft weathercocks into it."""
    P = plants.aircraft_pitch()
    x, _, y = plants.operating_point(P, gust=0.05)
    np.testing.assert_allclose(x[:2], [-0.05, 0.0], atol=1e-12)
    assert y[1] == pytest.approx(0.0, abs=1e-12)


def test_a_gust_from_below_pitches_the_nose_down_and_the_elevator_up():
    P = plants.aircraft_pitch()
    up = plants.record(P, [0.0, 1.0], {"delta": 0.1}, sensors=False)
    gust = plants.record(P, [0.0, 1.0], {"gust": 0.1}, sensors=False)
    assert gust["theta"].iloc[-1] < 0 < up["theta"].iloc[-1]


@pytest.mark.parametrize(
    ("fault", "like"),
    [
        ({"elevator_wear": 1.0}, {"Z_delta": 0.0928, "M_delta": 0.00812}),
        ({"aft_load": 0.5}, {"M_alpha": -0.00834}),
        ({"tail_ice": 1.0}, {"M_q": -0.1704}),
    ],
)
def test_aircraft_faults_are_as_the_card_says(fault, like):
    worn = plants.aircraft_pitch(faults=fault)
    other = plants.aircraft_pitch(plants.AircraftPitch(**like))
    x, u = np.array([0.05, 0.001, 0.1]), np.array([0.1, 0.02])
    np.testing.assert_allclose(worn.dynamics(0, x, u), other.dynamics(0, x, u))


# Car with cruise control


def test_car_at_the_published_operating_point():
    """Fourth gear, flat road, 20 m/s: throttle 0.1687, a = 0.0101, b = 1.320, slope 9.8."""
    P = plants.car_cruise()
    np.testing.assert_allclose(P.x0, [20.0])
    np.testing.assert_allclose(P.u0, [0.1687, 0.0], atol=1e-4)
    sys = P.linearize(P.x0, P.u0)
    assert -sys.A[0, 0] == pytest.approx(0.0101, abs=5e-5)
    assert sys.B[0, 0] == pytest.approx(1.320, abs=5e-4)
    assert sys.B[0, 1] == pytest.approx(-9.8, abs=1e-3)


@pytest.mark.parametrize(("gear", "ratio"), [(1, 40.0), (2, 25.0), (3, 16.0), (4, 12.0), (5, 10.0)])
def test_a_gear_is_force_for_engine_speed(gear, ratio):
    P = plants.car_cruise(gear)
    assert P.output(0, [10.0], [0.5, 0.0])[1] == pytest.approx(10.0 * ratio)
    pull = P.dynamics(0, [10.0], [1.0, 0.0])[0] - P.dynamics(0, [10.0], [0.0, 0.0])[0]
    torque = 190.0 * (1 - 0.4 * (10.0 * ratio / 420.0 - 1) ** 2)
    assert pull * 1600.0 == pytest.approx(ratio * torque)


@pytest.mark.parametrize("gear", [0, 6, "fourth", None])
def test_an_unknown_gear_is_refused(gear):
    with pytest.raises(plants.ParameterError, match="There is no gear"):
        plants.car_cruise(gear)


@few
@given(
    throttle=share(0, 1),
    slope=share(-0.1, 0.1),
    m=share(1000, 2500),
    gear=st.integers(1, 5),
    box=share(0, 1),
)
def test_car_energy_balance_closes(throttle, slope, m, gear, box):
    """The engine's work accelerates the car, lifts it, and is lost to tyres and air."""
    P = plants.car_cruise(
        parameters=plants.CarCruise(m=m, gear_ratio=plants.GEARS[gear]), faults={"roof_box": box}
    )
    p = P.parameters
    rig = plants.Rig(P, dt=0.02, sensors=False)
    v = steps(rig, 500, throttle=throttle, slope=slope)[:, 0]
    torque = p.T_max * (1 - p.beta * (p.gear_ratio * v / p.omega_max - 1) ** 2)
    supplied = np.trapezoid(throttle * torque * p.gear_ratio * v, dx=0.02)
    drag = 0.5 * p.rho * p.C_d * p.area * (1 + 0.5 * box) * v * np.abs(v)
    rolling = p.m * 9.8 * p.C_r * np.tanh(v / p.stick_speed)
    lost = np.trapezoid((drag + rolling) * v, dx=0.02)
    lifted = p.m * 9.8 * np.sin(slope) * np.trapezoid(v, dx=0.02)
    gained = p.m * (v[-1] ** 2 - v[0] ** 2) / 2
    assert supplied == pytest.approx(gained + lost + lifted, rel=1e-3, abs=50.0)


def test_drag_grows_with_the_square_of_speed_and_changes_sign_with_it():
    P = plants.car_cruise(parameters=plants.CarCruise(C_r=0.0))
    slower, faster, back = (P.dynamics(0, [v], [0.0, 0.0])[0] for v in (10.0, 20.0, -20.0))
    assert faster == pytest.approx(4 * slower)
    assert back == pytest.approx(-faster)


def test_a_car_without_throttle_comes_to_rest_and_stays():
    P = plants.car_cruise()
    rig = plants.Rig(P, dt=1.0, sensors=False)
    v = steps(rig, 400, throttle=0.0)[:, 0]
    assert np.all(np.diff(v) <= 1e-9)
    assert v[-1] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("fault", "like"),
    [
        ({"engine_wear": 1.0}, {"T_max": 133.0}),
        ({"tyre_pressure_loss": 0.5}, {"C_r": 0.015}),
        ({"roof_box": 1.0}, {"C_d": 0.48}),
    ],
)
def test_car_faults_are_as_the_card_says(fault, like):
    worn = plants.car_cruise(faults=fault)
    other = plants.car_cruise(parameters=plants.CarCruise(**like))
    np.testing.assert_allclose(
        worn.dynamics(0, [25.0], [0.4, 0.03]), other.dynamics(0, [25.0], [0.4, 0.03])
    )


# Aircraft for predictive control

MPC5_A = [
    [0.99, 0.01, 0.18, -0.09, 0],
    [0, 0.94, 0, 0.29, 0],
    [0, 0.14, 0.81, -0.9, 0],
    [0, -0.2, 0, 0.95, 0],
    [0, 0.09, 0, 0, 0.9],
]
MPC5_B = [[0.01, -0.02], [-0.14, 0], [0.05, -0.2], [0.02, 0], [-0.01, 0]]
MPC5_C = [[0, 1, 0, 0, -1], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [1, 0, 0, 0, 0]]


def test_sampled_aircraft_is_the_published_discrete_model():
    P = plants.aircraft_mpc5()
    sys = P.linearize(P.x0, P.u0).sample(0.2)
    np.testing.assert_allclose(sys.A, MPC5_A, atol=2e-6)
    np.testing.assert_allclose(sys.B, MPC5_B, atol=2e-6)
    np.testing.assert_allclose(sys.C, MPC5_C, atol=1e-9)
    assert np.all(np.abs(ct.poles(sys)) < 1.0)
    assert np.linalg.matrix_rank(ct.ctrb(sys.A, sys.B)) == 5
    assert P.limits["u1"] == (-5.0, 5.0)
    assert P.limits["u2"] == (-6.0, 6.0)


def test_a_rig_steps_the_aircraft_as_the_discrete_model_does():
    P = plants.aircraft_mpc5()
    rig = plants.Rig(P, dt=0.2, sensors=False)
    A, B = np.array(MPC5_A), np.array(MPC5_B)
    x = np.zeros(5)
    rng = np.random.default_rng(1)
    for _ in range(50):
        u = rng.uniform([-5, -6], [5, 6])
        rig.step(u1=u[0], u2=u[1])
        x = A @ x + B @ u
    np.testing.assert_allclose(rig.x, x, atol=1e-4)
