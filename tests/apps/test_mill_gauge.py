import control as ct
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import plants
from millwright_labs.apps import mill_gauge
from millwright_labs.apps.mill_gauge import (
    HARDER_TIME,
    MICRONS,
    MILL,
    PRESETS,
    SAMPLE_TIME,
    margins,
    run,
    sensitivities,
    show,
    true_compensation,
)

START = {control.name: control.value for control in mill_gauge.CONTROLS}


def setting(name="monitor", **values):
    return {**START, **PRESETS[name], **values}


def test_the_trade_off_is_the_published_one():
    assert sensitivities(0.0) == pytest.approx((2 / 3, 1 / 3))
    assert sensitivities(0.8) == pytest.approx((0.286, 0.714), abs=5e-4)
    assert sensitivities(1.0) == pytest.approx((0.0, 1.0))


def test_a_modulus_taken_too_low_is_too_much_compensation():
    assert true_compensation(1.0, -20.0) == pytest.approx(1.25)
    assert sensitivities(1.25)[0] < 0
    assert "over" in show(setting("wrong")).alt


@pytest.mark.parametrize("modulus_error", [0.0, -20.0, 25.0])
@pytest.mark.parametrize("compensation", [0.0, 0.5, 0.8])
def test_the_formulas_are_what_the_plant_does_at_rest(compensation, modulus_error):
    """The plant's own equations, with the gap that the gaugemeter would set."""
    P = plants.mill_agc()
    model = MILL.M * (1 + modulus_error / 100)
    names = {name: k for k, name in enumerate(P.output_labels)}
    _, u0, y0 = plants.operating_point(P, **dict(zip(P.input_labels, P.u0, strict=True)))

    def thickness(**disturbance):
        u = dict(zip(P.input_labels, u0, strict=True)) | disturbance
        for _ in range(200):
            _, _, y = plants.operating_point(P, **u)
            u["S_ref"] = P.u0[0] - compensation * (y[names["F"]] - y0[names["F"]]) / model
        return y[names["h"]]

    C = true_compensation(compensation, modulus_error)
    small = 0.01
    entry = (thickness(H=MILL.H_rest + small) - y0[names["h"]]) / small
    eccentric = (thickness(eccentricity=small) - y0[names["h"]]) / small
    assert (entry, eccentric) == pytest.approx(sensitivities(C), abs=1e-6)


@pytest.mark.parametrize("name", PRESETS)
def test_a_run_is_what_the_plant_on_its_bench_does(name):
    """The same controllers on `plants.Rig`, whose gauge follows the strip point by point."""
    v = setting(name)
    rig = plants.Rig(plants.mill_agc(), dt=SAMPLE_TIME, sensors=False)
    # The strip runs at its speed before the start, or the gauge would see a start-up.
    for _ in range(150):
        start = y = rig.step(v=v["speed"])
    model = MILL.M * (1 + v["modulus_error"] / 100)
    expected = run(**v)
    correction, gauge = 0.0, []
    for t in expected.t[:750].tolist():
        gauge.append(MICRONS * (y["h_gauge"] - start["h_gauge"]))
        correction -= v["monitor"] * SAMPLE_TIME * (y["h_gauge"] - start["h_gauge"])
        y = rig.step(
            S_ref=MILL.S_rest + correction - v["compensation"] * (y["F"] - start["F"]) / model,
            hardness=1 + v["hardness"] / 100 * (t >= HARDER_TIME),
            eccentricity=v["eccentricity"] / MICRONS * np.sin(v["speed"] / MILL.roll_radius * t),
        )
    # The rig's force answers a sample later than the run's, so jumps may be a sample apart.
    apart = np.abs(np.array(gauge) - expected.gauge[:750])
    assert np.mean(apart) < 1.5
    assert np.abs(gauge).max() > 20


@settings(max_examples=10, deadline=None)
@given(
    C=st.floats(0, 1),
    gain=st.floats(0.5, 20),
    speed=st.floats(4, 15),
)
def test_the_monitors_margins_are_python_controls(C, gain, speed):
    found = margins(C, gain, speed)
    P = plants.mill_agc()
    sys = P.linearize(P.x0, [MILL.S_rest, speed, MILL.H_rest, 1.0, 0.0])
    # The plant's own linear model, the gaugemeter closed around it, the gauge by Padé.
    S_ref, F, h_gauge = 0, 1, 2
    K = np.zeros((sys.ninputs, sys.noutputs))
    K[S_ref, F] = C / MILL.M
    inner = ct.feedback(sys, ct.ss([], [], [], K))[h_gauge, S_ref]
    L = gain * ct.ss(ct.tf([1], [1, 0])) * inner
    gains, _, _, turns, *_ = ct.stability_margins(L, returnall=True)
    # The delay turns the phase round and round; what counts is the first time. `ct.margin` gives
    # the gain margin nearest to 1, which may be a later one where the loop is unstable.
    gm, pm = gains[np.argmin(turns)], ct.margin(L)[1]
    assert found.gm == pytest.approx(gm, rel=5e-3)
    if gm > 1:
        assert found.pm == pytest.approx(pm, abs=0.5)


def test_the_monitors_margins_are_the_published_ones():
    found = margins(0.0, 7.5, 10.0)
    assert found.pm == pytest.approx(58.5, abs=0.05)
    assert found.gm == pytest.approx(2.9, abs=0.05)
    assert found.Ms == pytest.approx(1.67, abs=0.005)
    assert margins(0.0, 0.0, 10.0) is None


@settings(max_examples=25, deadline=None)
@given(
    compensation=st.floats(0, 1),
    modulus_error=st.floats(-30, 30),
    monitor=st.floats(0, 20),
    speed=st.floats(4, 15),
    hardness=st.floats(-20, 20),
    eccentricity=st.floats(0, 50),
)
def test_every_setting_rolls_and_nothing_runs_away(**values):
    found = run(**values)
    assert all(np.isfinite(column).all() for column in vars(found).values())
    assert np.abs(found.gap).max() <= mill_gauge.GIVEN_UP + 1e-9


def test_without_a_disturbance_nothing_moves():
    found = run(0.8, 10.0, 7.5, 10.0, 0.0, 0.0)
    assert np.abs(found.gap_exit).max() < 1e-9


def test_nothing_reaches_the_gauge_before_the_strip_does():
    found = run(**setting(speed=8.0))
    first = found.t[np.argmax(np.abs(found.gauge) > 1e-6)]
    assert first == pytest.approx(HARDER_TIME + 2.0 / 8.0, abs=2 * SAMPLE_TIME)


def test_the_hints_tell_the_truth():
    seen = {name: show(setting(name)).fields for name in PRESETS}
    assert seen["gaugemeter"]["scrap"] < 0.7 * seen["monitor"]["scrap"]
    assert seen["gaugemeter"]["pm"] == pytest.approx(seen["monitor"]["pm"], abs=5)
    assert seen["eccentric"]["wave"] > 1.5 * seen["round"]["wave"]
    assert seen["slow"]["pm"] < 20
    assert seen["slow"]["delay"] == pytest.approx(0.5)
    # With the gaugemeter on, the old monitor gain is too much.
    assert show(setting("gaugemeter", monitor=7.5)).fields["pm"] < 20
    # The question's wrong answers: without the monitor the wave stays.
    alone = show(setting("eccentric", monitor=0.0)).fields["wave"]
    assert alone == pytest.approx(seen["eccentric"]["wave"], rel=0.1)


def test_an_unstable_monitor_is_called_so():
    shown = show(setting("slow", monitor=20.0))
    assert "unstable" in shown.alt
    assert shown.fields["pm"] is None
    assert shown.fields["wave"] is None
