from dataclasses import replace

import control as ct
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from millwright_labs.apps import loop_shaping_z
from millwright_labs.apps.loop_shaping_z import OMEGA, PRESETS, TIME, Z, loop, loops, show
from millwright_labs.plants.cnc_axis import position_loop

START = {control.name: control.value for control in loop_shaping_z.CONTROLS}
GAINS = st.fixed_dictionaries(
    {"Kp": st.floats(1, 100), "Kv": st.floats(0.05, 2), "Tv": st.floats(0.02, 0.3)}
)


def fields(name, **values):
    return show({**START, **PRESETS[name], **values}).fields


def test_the_printed_axis_has_the_published_faults():
    printed = fields("printed")
    assert printed["PM"] == pytest.approx(21.5, abs=0.05)
    assert printed["Ms"] == pytest.approx(2.85, abs=0.005)
    assert printed["damping"] == pytest.approx(0.19, abs=0.005)
    assert printed["speed"] == pytest.approx(318, abs=0.5)
    assert fields("cured")["damping"] > 0.7
    assert fields("cured")["speed"] == pytest.approx(20, abs=0.5)


@settings(max_examples=25, deadline=None)
@given(gains=GAINS, inertia=st.floats(0.5, 1.5))
def test_without_delay_margins_and_step_are_python_controls(gains, inertia):
    p = replace(Z, J=inertia * Z.J, **gains)
    L, T = position_loop(p), ct.feedback(position_loop(p), 1)
    found = loop(p, 0.0)
    assert np.allclose(found.L, L(1j * OMEGA), rtol=1e-9)
    assert found.stable == bool(T.poles().real.max() < 0)
    assume(found.stable)
    gms, pms, _, _, _, _ = ct.stability_margins(L, returnall=True)
    assert found.pm == pytest.approx(np.abs(pms).min(), abs=0.05)
    assert (found.gm or np.inf) == pytest.approx(min(gms[gms > 1], default=np.inf), rel=1e-3)
    dense = np.geomspace(OMEGA[0], OMEGA[-1], 100_000)
    assert found.Ms == pytest.approx(np.abs(1 / (1 + L(1j * dense))).max(), rel=5e-3)
    _, zeta, _ = ct.damp(T, doprint=False)
    assert found.damping == pytest.approx(zeta.min(), abs=1e-3)
    # The clever step response and the plain one, by matrix exponentials.
    _, expected = ct.step_response(ct.ss(T), TIME)
    assert np.abs(found.step - expected).max() < 1e-5


@settings(max_examples=10, deadline=None)
@given(gains=GAINS, delay=st.floats(0.2e-3, 5e-3))
def test_the_delayed_loop_is_the_one_that_a_plain_simulation_runs(gains, delay):
    """Small steps and a queue for the delay: no Padé, no frequency response."""
    dt = delay / np.ceil(delay / 4e-6)
    queue, p = [0.0] * round(delay / dt), replace(Z, **gains)
    position = speed = integral = 0.0
    plain = []
    for _ in range(round(0.1 / dt)):
        plain.append(position)
        wanted = p.Kp * (1 - position) - speed
        integral += dt / p.Tv * wanted
        queue.append(p.Kv * (wanted + integral))
        speed += dt / p.J * (p.Ka * p.Kt * queue.pop(0) - p.B * speed)
        position += dt * p.rg * speed
    plain = np.array(plain)
    found = np.interp(dt * np.arange(len(plain)), TIME, loop(p, delay).step)
    # An unstable loop is compared until it has left the chart.
    seen = np.maximum.accumulate(np.abs(plain)) < 5
    assert np.abs(found - plain)[seen].max() < 0.1


@pytest.mark.parametrize(("Kv", "delay"), [(1.0, 4e-3), (0.5, 5e-3), (2.0, 1e-3)])
def test_the_gain_margin_is_where_the_loop_begins_to_grow(Kv, delay):
    p = replace(Z, Kp=10.0, Kv=Kv)
    gm = loop(p, delay).gm
    assert loop(replace(p, Kp=0.99 * gm * p.Kp), delay).stable
    assert not loop(replace(p, Kp=1.01 * gm * p.Kp), delay).stable


def test_the_worst_inertia_is_worse_than_the_nominal():
    known, unknown = fields("cured", uncertainty=0.0), fields("unknown")
    assert known["PM_low"] == known["PM"]
    assert unknown["PM"] == known["PM"]
    assert unknown["PM_low"] < unknown["PM"] - 5
    assert unknown["Ms_high"] > unknown["Ms"]


def test_the_hints_tell_the_truth():
    cured, stiff, delayed = fields("cured"), fields("stiff"), fields("delayed")
    assert stiff["damping"] > 0.7
    assert stiff["bandwidth"] == pytest.approx(3 * cured["bandwidth"], rel=0.1)
    assert abs(delayed["PM"] - stiff["PM"]) < 5
    assert delayed["Ms"] > 1.3 * stiff["Ms"]
    assert delayed["damping"] < 0.3
    # The question's options.
    assert fields("printed", Tv=0.3)["damping"] == pytest.approx(0.21, abs=0.005)
    assert fields("printed", Kv=0.7)["damping"] == pytest.approx(0.29, abs=0.005)


def test_an_unstable_loop_is_called_so():
    shown = show({**START, "Kv": 2.0, "delay": 5.0})
    assert "unstable" in shown.alt
    assert shown.fields["PM"] is None
    assert shown.fields["Ms"] is None
    assert np.isfinite(shown.moves["step"][1]).all()


def test_an_inertia_far_off_can_break_a_loop_that_is_stable_as_drawn():
    fragile = show({**START, "Kp": 10.0, "Kv": 2.0, "delay": 3.0, "uncertainty": 50.0})
    assert "fragile" in fragile.alt
    assert fragile.fields["PM"] is not None
    assert fragile.fields["PM_low"] is None


def test_the_family_runs_from_light_to_heavy():
    light, *_, heavy = loops(50.0, 0.35, 0.12, 0.0, 20.0)
    assert light.pm == pytest.approx(24.7, abs=0.1)
    assert heavy.pm == pytest.approx(19.1, abs=0.1)
