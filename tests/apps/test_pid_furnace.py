import control as ct
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import plants
from millwright_labs.apps import pid_furnace
from millwright_labs.apps.pid_furnace import DISTURBANCE_TIME, PRESETS, SAMPLE_TIME, Run, quality

START = {control.name: control.value for control in pid_furnace.CONTROLS}


def preset(name):
    values = {**START, **PRESETS[name]}
    run = pid_furnace.run(**values)
    return run, quality(run, values["setpoint"], values["heater_limit"])


@settings(max_examples=15, deadline=None)
@given(
    gain=st.floats(0.5, 40),
    integral_time=st.floats(10, 600),
    derivative_time=st.floats(0, 60),
    setpoint=st.floats(30, 70),
    heater_limit=st.floats(30, 100),
    antiwindup=st.booleans(),
)
def test_the_heater_stays_within_its_limits_whatever_the_setting(**values):
    run = pid_furnace.run(**values)
    assert run.power.min() >= 0
    assert run.power.max() <= values["heater_limit"]
    assert np.isfinite(run.measured).all()


def test_the_loop_is_the_sampled_pi_loop_of_python_control():
    """Where nothing saturates, a linear simulation of plant and controller gives the same."""
    gain, integral_time, setpoint = 1.0, 300.0, 50.0
    run = pid_furnace.run(gain, integral_time, 0.0, setpoint, 100.0, antiwindup=True)
    P = plants.furnace_zone()
    plant = ct.c2d(P.linearize(P.x0, P.u0), SAMPLE_TIME)[0, 0]
    C = ct.tf([gain, gain * (SAMPLE_TIME / integral_time - 1)], [1, -1], SAMPLE_TIME)
    calm = run.t < DISTURBANCE_TIME
    loop = ct.feedback(C * ct.tf(plant))
    _, response = ct.step_response(loop, run.t[calm])
    expected = P.x0[2] + (setpoint - P.x0[2]) * np.squeeze(response)
    # The converter reads in steps of 0.32 °C.
    assert np.abs(run.true[calm] - expected).max() < 0.35


def test_the_same_setting_gives_the_same_run():
    one, other = pid_furnace.run(**START), pid_furnace.run(**START)
    assert np.array_equal(one.measured, other.measured)


def test_each_preset_shows_its_case():
    quality_of = {name: preset(name)[1] for name in PRESETS}
    tuned = quality_of["tuned"]
    assert tuned.overshoot < 0.5
    assert tuned.settling < 400
    assert quality_of["sluggish"].settling is None
    assert quality_of["sluggish"].deviation > 3 * tuned.deviation
    assert quality_of["oscillating"].settling is None
    assert quality_of["oscillating"].overshoot > 3
    assert quality_of["windup"].overshoot > 5
    assert quality_of["antiwindup"].overshoot < 0.5
    assert preset("noisy")[0].power[300:700].std() > 5 * preset("tuned")[0].power[300:700].std()


def test_the_question_tells_the_truth_about_windup():
    run, _ = preset("windup")
    passes = run.t[np.argmax(run.measured > 50)]
    leaves = run.t[np.argmax(run.power < 60)]
    assert passes == pytest.approx(4 * 60, abs=30)
    assert leaves - passes == pytest.approx(7 * 60, abs=60)


def made_up(true):
    t = SAMPLE_TIME * np.arange(1201)
    true = np.broadcast_to(true, t.shape).astype(float).copy()
    true[0] = 20.0
    return Run(t, true, true, np.full_like(t, 50.0))


@pytest.mark.parametrize(
    ("true", "expected"),
    [
        (40.0, {"overshoot": 0.0, "settling": 2.0, "deviation": 0.0}),
        (43.0, {"overshoot": 3.0, "overshoot_percent": 15.0, "settling": None}),
        (37.0, {"overshoot": 0.0, "settling": None, "deviation": 3.0}),
        (np.where(np.arange(1201) < 100, 30.0, 40.5), {"settling": 200.0, "overshoot": 0.5}),
        (np.where(np.arange(1201) < 750, 40.0, 35.0), {"settling": 2.0, "deviation": 5.0}),
    ],
)
def test_quality_reads_a_run_as_a_person_would(true, expected):
    found = vars(quality(made_up(true), setpoint=40.0, heater_limit=100.0))
    assert {key: found[key] for key in expected} == expected


def test_iae_is_degrees_times_seconds():
    found = quality(made_up(39.0), setpoint=40.0, heater_limit=100.0)
    assert found.iae == pytest.approx(1200 * SAMPLE_TIME * 1.0 + 20 * SAMPLE_TIME)
