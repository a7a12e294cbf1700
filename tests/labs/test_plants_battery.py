"""The cell obeys physics and has the numbers of its source."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import plants
from millwright_labs.plants.battery import circuit, open_circuit_voltage


def share(low, high):
    return st.floats(low, high, allow_nan=False)


def test_open_circuit_voltage_of_the_published_cell():
    """Full 4.103 V, half 3.804 V, empty 2.654 V; never falling with charge."""
    found = [open_circuit_voltage(soc) for soc in (1.0, 0.5, 0.0)]
    np.testing.assert_allclose(found, [4.1029, 3.8034, 2.654], atol=5e-4)
    curve = [open_circuit_voltage(soc) for soc in np.linspace(0.0, 1.0, 500)]
    assert np.all(np.diff(curve) > 0)


def test_time_constants_and_resistance_of_the_full_cell():
    P = plants.battery()
    sys = P.linearize(P.x0, P.u0)
    rates = np.diag(sys.A)[1:3]
    np.testing.assert_allclose(-1.0 / rates, [32.85, 223.0], rtol=1e-3)
    assert -sys.D[0, 0] == pytest.approx(0.07446, rel=1e-4)
    full = circuit(1.0)
    _, _, y = plants.operating_point(P, I=0.85)
    assert y[0] == pytest.approx(4.1029 - 0.85 * (full[0] + full[1] + full[3]), abs=1e-4)


def test_every_element_is_positive_at_every_charge():
    for soc in np.linspace(-0.5, 1.2, 200):
        assert min(circuit(soc)) > 0.0


@settings(max_examples=10, deadline=None)
@given(
    current=share(-0.8, 1.7),
    T_room=share(-10, 40),
    soc=share(0.3, 0.8),
    capacity=share(0.5, 5),
    short=share(0, 1),
    grown=share(0, 1),
)
def test_battery_energy_balance_closes(current, T_room, soc, capacity, short, grown):
    """Chemical energy = work at the terminals + stored in the circuit + heat; heat warms."""
    P = plants.battery(
        plants.Battery(capacity=capacity, soc_rest=soc),
        faults={"internal_short": short, "resistance_growth": grown},
    )
    p = P.parameters
    dt = 1.0
    rig = plants.Rig(P, dt=dt, sensors=False)
    states, voltage = [rig.x], [P.output(0, rig.x, [current, T_room])[0]]
    for _ in range(600):
        voltage.append(rig.step(I=current, T_room=T_room)["V"])
        states.append(rig.x)
    z, V_s, V_l, T = np.array(states).T
    size = capacity / 0.85
    elements = np.array([circuit(s) for s in z])
    drain = 0.1 * short * capacity
    chemical = np.trapezoid([open_circuit_voltage(s) * (current + drain) for s in z], dx=dt)
    electrical = np.trapezoid(np.array(voltage) * current, dx=dt)
    stored = np.trapezoid(V_s * elements[:, 2] * size, V_s) + np.trapezoid(
        V_l * elements[:, 4] * size, V_l
    )
    heat = p.C_cell * (T[-1] - T[0]) + p.G_cell * np.trapezoid(T - T_room, dx=dt)
    assert chemical == pytest.approx(electrical + stored + heat, rel=1e-3, abs=0.5)


def test_charge_taken_out_can_be_put_back():
    P = plants.battery(plants.Battery(soc_rest=0.8))
    t = np.arange(0.0, 7201.0, 10.0)
    wave = np.where(t < 3600, 0.4, -0.4)
    rig = plants.Rig(P, dt=10.0, sensors=False)
    for current in wave[:-1]:
        rig.step(I=current)
    assert rig.x[0] == pytest.approx(0.8, abs=1e-9)
    half = plants.Rig(P, dt=10.0, sensors=False)
    for _ in range(360):
        half.step(I=0.4)
    assert half.x[0] == pytest.approx(0.8 - 0.4 / 0.85)


def test_a_full_cell_delivers_its_capacity_and_a_faded_one_less():
    def delivered(**faults):
        rig = plants.Rig(plants.battery(faults=faults), dt=5.0, sensors=False)
        n = 0
        while rig.y["V"] > 3.0:
            rig.step(I=0.85)
            n += 1
        return n * 5.0 * 0.85 / 3600

    sound, faded = delivered(), delivered(capacity_fade=1.0)
    assert sound == pytest.approx(0.85, rel=0.05)
    assert faded == pytest.approx(0.7 * sound, rel=0.01)
    assert delivered(resistance_growth=1.0) < sound


def test_a_larger_cell_is_the_same_cell_at_the_same_hourly_rate():
    small, large = plants.battery(), plants.battery(plants.Battery(capacity=2.0))
    t = np.arange(0.0, 600.0, 5.0)
    one = plants.record(small, t, {"I": 0.85}, sensors=False)["V"]
    other = plants.record(large, t, {"I": 2.0}, sensors=False)["V"]
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_a_cell_without_cooling_and_one_that_leaks_are_warmer():
    def warm(**faults):
        P = plants.battery(faults=faults)
        return plants.operating_point(P, I=1.0)[2][1]

    assert warm() > 21.0
    assert warm(cooling_loss=1.0) - 21.0 == pytest.approx(5 * (warm() - 21.0))
    assert warm(internal_short=1.0) > warm() + 5.0
    rig = plants.Rig(plants.battery(faults={"internal_short": 1.0}), dt=60.0, sensors=False)
    for _ in range(60):
        rig.step()
    assert rig.x[0] == pytest.approx(0.9)


def test_below_empty_nothing_breaks():
    rig = plants.Rig(plants.battery(plants.Battery(soc_rest=0.05)), dt=10.0, sensors=False)
    for _ in range(60):
        y = rig.step(I=1.7)
    assert rig.x[0] < 0.0
    assert np.all(np.isfinite(rig.x))
    assert y["V"] < 2.7
