import control as ct
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from millwright_labs import plants
from millwright_labs.apps import pitch_mpc
from millwright_labs.apps.pitch_mpc import (
    CLIPPED,
    MPC,
    PRESETS,
    SAMPLE_TIME,
    UNLIMITED,
    Flight,
    box_qp,
    design,
    fly,
    overshoot,
    settling,
    show,
)
from millwright_labs.plants.aircraft_pitch import AircraftPitch
from scipy.optimize import lsq_linear

START = {control.name: control.value for control in pitch_mpc.CONTROLS}


def fields(name="aft", **values):
    return show({**START, **PRESETS[name], **values}).fields


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    n=st.integers(1, 25),
    limit=st.floats(0.01, 10),
    stiff=st.floats(0, 4),
)
def test_the_quadratic_programme_is_scipys(seed, n, limit, stiff):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((n, n)) * np.logspace(0, -stiff, n) + 0.1 * np.eye(n)
    target = 5 * rng.standard_normal(n)
    # The least-squares problem |root z − target|² as ½ zᵀHz + gᵀz.
    H, g = root.T @ root, -root.T @ target
    found, rounds = box_qp(H, g, -limit, limit, rng.standard_normal(n))
    expected = lsq_linear(root, target, (-limit, limit), method="bvls", tol=1e-12).x
    assert np.abs(found).max() <= limit

    def cost(z):
        return 0.5 * z @ H @ z + g @ z

    assert cost(found) <= cost(expected) + 1e-9 * (1 + abs(cost(expected)))
    assert rounds < 60


@settings(max_examples=10, deadline=None)
@given(
    horizon=st.integers(1, 40),
    weight=st.floats(0.5, 5000),
    terminal=st.booleans(),
    aft=st.floats(0, 250),
)
def test_a_prediction_is_what_the_plant_does(horizon, weight, terminal, aft):
    d = design(horizon, weight, terminal, aft)
    plan = np.random.default_rng(horizon).uniform(-0.05, 0.05, horizon)
    P = plants.aircraft_pitch(AircraftPitch(M_alpha=-0.0139 * (1 - aft / 100)))
    x0 = [0.01, 0.0002, -0.1]
    rig = plants.Rig(P, dt=SAMPLE_TIME, x0=x0, sensors=False)
    pitch = []
    for u in plan.tolist():
        rig.step(delta=u)
        pitch.append(rig.x[2])
    assert np.allclose(d.Sx @ x0 + d.Su @ plan, pitch, atol=1e-6)


@pytest.mark.parametrize("aft", [0.0, 170.0, 240.0])
@pytest.mark.parametrize("horizon", [1, 7, 30])
def test_where_no_limit_counts_predictive_control_is_the_lqr(horizon, aft):
    d = design(horizon, 50.0, True, aft)
    for x in np.random.default_rng(1).normal(size=(20, 3)) * (0.05, 0.001, 0.1):
        plan, _ = box_qp(d.H, d.F @ x, -1e3, 1e3, np.zeros(horizon))
        assert plan[0] == pytest.approx(-d.K @ x, rel=1e-6, abs=1e-9)
    planned, _ = fly(MPC, d, 50.0, 360.0, 5.0)
    linear, _ = fly(UNLIMITED, d, 50.0, 360.0, 5.0)
    assert np.allclose(planned.pitch, linear.pitch, atol=1e-6)


def test_the_lqr_is_python_controls_and_the_published_one():
    d = design(5, 50.0, True, 0.0)
    P = plants.aircraft_pitch()
    sys = P.linearize(P.x0, P.u0)
    K, _, _ = ct.lqr(sys.A, sys.B[:, :1], np.diag([0, 0, 50.0]), np.eye(1))
    assert K[0] == pytest.approx([-0.6435, 169.695, 7.071], rel=1e-4)
    # Sampling ten times a second costs some gain, and no more.
    assert np.allclose(d.K, K[0], rtol=0.45)
    assert np.abs(np.linalg.eigvals(d.A - np.outer(d.B, d.K))).max() < 1


@settings(max_examples=10, deadline=None)
# Here Newton's path zigzags, and the general solver takes over.
@example(horizon=39, weight=1549.0, terminal=False, limit=2.0, step=2.0, aft=166.0)
# Here Newton's path zigzags, and the general solver takes over.
@example(horizon=39, weight=1549.0, terminal=False, limit=2.0, step=2.0, aft=166.0)
@given(
    horizon=st.integers(1, 40),
    weight=st.floats(0.5, 5000),
    terminal=st.booleans(),
    limit=st.floats(2, 25),
    step=st.floats(2, 15),
    aft=st.floats(0, 250),
)
def test_the_elevator_keeps_its_limit_whatever_the_setting(
    horizon, weight, terminal, limit, step, aft
):
    d = design(horizon, weight, terminal, aft)
    for how in (MPC, CLIPPED):
        flight, plan = fly(how, d, weight, limit, step)
        assert np.abs(flight.elevator).max() <= limit + 1e-9
        assert np.isfinite(flight.pitch).all()
        assert np.abs(plan).max(initial=0.0) <= limit + 1e-9


def test_planning_never_costs_more_where_the_horizon_sees_the_whole_flight():
    for limit in (3.0, 5.0, 10.0):
        d = design(40, 50.0, True, 100.0)
        planned, _ = fly(MPC, d, 50.0, limit, 8.0)
        clipped, _ = fly(CLIPPED, d, 50.0, limit, 8.0)
        assert planned.cost <= clipped.cost * (1 + 1e-9)


def test_the_hints_tell_the_truth():
    seen = {name: fields(name) for name in PRESETS}
    assert seen["aft"]["clipped_overshoot"] > 5 > 1 > seen["aft"]["mpc_overshoot"]
    assert seen["forward"]["double"] is None
    assert seen["forward"]["saved"] == pytest.approx(0, abs=0.5)
    assert seen["lost"]["clipped_overshoot"] is None
    assert seen["lost"]["mpc_overshoot"] < 1
    assert seen["short"]["mpc_overshoot"] is None
    assert fields("short", horizon=25.0)["mpc_overshoot"] is not None
    assert seen["blind"]["mpc_overshoot"] is None
    assert fields("blind", terminal=True)["mpc_overshoot"] is not None
    assert seen["greedy"]["clipped_overshoot"] > 20
    assert seen["greedy"]["mpc_overshoot"] < 1


def test_the_planner_leaves_the_upper_limit_first():
    values = {**START, **PRESETS["lost"]}
    d = design(30, values["weight"], True, values["aft"])
    leaves = {}
    for how in (MPC, CLIPPED):
        flight, _ = fly(how, d, values["weight"], values["limit"], values["step"])
        leaves[how] = flight.t[np.argmax(flight.elevator < values["limit"] - 1e-6)]
    assert leaves[MPC] < leaves[CLIPPED]


@pytest.mark.parametrize(
    ("pitch", "lost", "over", "settled"),
    [
        ([0, 5, 10, 10, 10], False, 0.0, 0.2),
        ([0, 12, 10.4, 10, 10], False, 2.0, 0.2),
        ([0, 5, 8, 9, 9.4], False, 0.0, None),
        ([10, 10, 10, 10, 10], False, 0.0, 0.0),
        ([0, 20, 40, 70, 90], True, None, None),
    ],
)
def test_a_flight_is_judged_as_a_person_would(pitch, lost, over, settled):
    t = SAMPLE_TIME * np.arange(5)
    flight = Flight(t, np.array(pitch, dtype=float), np.zeros(5), lost, 0.0)
    assert overshoot(flight, 10.0) == over
    assert settling(flight, 10.0) == settled
