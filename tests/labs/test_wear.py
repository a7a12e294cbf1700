"""Signals and histories of wear have the rates, shapes and scatter that their sources give."""

import math
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import wear
from millwright_labs.wear.cards import with_cards
from scipy.signal import hilbert

README = Path(__file__).parents[2] / "labs" / "README.md"

FS = 12_000.0
QUIET = wear.Housing(noise=0.0, unbalance=0.0, misalignment=0.0)


def envelope_peak(a, near):
    """The frequency (Hz) of the envelope's highest line within 5 % of `near`."""

    envelope = np.abs(hilbert(a))
    window = np.hanning(len(a))
    spectrum = np.abs(np.fft.rfft((envelope - envelope.mean()) * window, 4 * len(a)))
    f = np.fft.rfftfreq(4 * len(a), 1 / FS)
    band = (f > 0.95 * near) & (f < 1.05 * near)
    return f[band][np.argmax(spectrum[band])]


def test_every_parameter_has_unit_and_source():
    for p in (wear.Bearing(), wear.Housing(), wear.Turbofan(), wear.Crack()):
        for entry in fields(p):
            assert entry.metadata["unit"]
            assert entry.metadata["source"]
            assert entry.metadata["meaning"]


# Bearings


@pytest.mark.parametrize(
    ("name", "outer", "inner", "cage", "ball"),
    [
        # CWRU's table; its rolling-element number is that of strikes, twice the ball's turns.
        ("6205", 3.5848, 5.4152, 0.39828, 4.7135 / 2),
        ("6203", 3.0530, 4.9469, 0.3817, 3.9874 / 2),
        # 236 Hz and 297 Hz at 2,000 rpm, as usually given for the IMS rig.
        ("ZA-2115", 236.4 * 60 / 2000, 296.9 * 60 / 2000, 0.4433, 139.9 * 60 / 2000),
    ],
)
def test_fault_frequencies_of_the_measured_sets_bearings(name, outer, inner, cage, ball):
    orders = wear.BEARINGS[name].orders()
    expected = {"outer": outer, "inner": inner, "cage": cage, "ball": ball}
    assert orders == pytest.approx(expected, rel=3e-4)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(3, 40), d=st.floats(1, 20), gap=st.floats(1.2, 10), phi=st.floats(0, 40))
def test_races_share_the_balls(n, d, gap, phi):
    """Blows on both races add up to balls times turns; a cage turns with the outer race's rate."""
    orders = wear.Bearing(n=n, d=d, D=d * gap, phi=phi).orders()
    assert orders["outer"] + orders["inner"] == pytest.approx(n)
    assert orders["cage"] == pytest.approx(orders["outer"] / n)


@pytest.mark.parametrize("fault", ["outer", "inner", "ball"])
@pytest.mark.parametrize("speed", [12.0, 30.0])
def test_the_envelope_shows_the_rate_of_the_fault(fault, speed):
    orders = wear.Bearing().orders()
    rate = speed * (2 * orders["ball"] if fault == "ball" else orders[fault]) * 0.98
    housing = wear.Housing(slip=0.02, jitter=0.002)
    a = wear.bearing_vibration(8.0, FS, speed, fault, housing=housing, seed=3)
    assert envelope_peak(a, rate) == pytest.approx(rate, rel=2e-3)


def test_a_record_rings_at_the_housings_resonance():
    a = wear.bearing_vibration(4.0, FS, 30.0, "outer", housing=QUIET, seed=1)
    power = np.abs(np.fft.rfft(a)) ** 2
    f = np.fft.rfftfreq(len(a), 1 / FS)
    assert np.sum(f * power) / power.sum() == pytest.approx(3000.0, rel=0.05)


def test_a_sound_bearing_is_shaft_and_noise():
    housing = wear.Housing()
    a = wear.bearing_vibration(20.0, FS, 30.0, seed=2)
    expected = housing.noise**2 + (housing.unbalance**2 + housing.misalignment**2) / 2
    assert a.var() == pytest.approx(expected, rel=0.02)
    np.testing.assert_array_equal(
        a, wear.bearing_vibration(20.0, FS, 30.0, "inner", severity=0.0, seed=2)
    )


def test_blows_grow_with_severity_and_speed_and_their_power_with_the_square():
    def rms(speed, severity):
        a = wear.bearing_vibration(4.0, FS, speed, "outer", severity, housing=QUIET, seed=1)
        return a.std()

    assert rms(30.0, 1.0) == pytest.approx(2 * rms(30.0, 0.5))
    # Twice the height, twice as often.
    assert rms(60.0, 0.5) == pytest.approx(2 * math.sqrt(2) * rms(30.0, 0.5), rel=0.05)


def test_a_turning_race_fades_off_the_loaded_side():
    """The inner race's blows are modulated by the shaft, the outer race's are not."""

    def sideband(fault):
        housing = replace(QUIET, slip=0.0, jitter=0.0)
        a = wear.bearing_vibration(8.0, FS, 30.0, fault, housing=housing, seed=1)

        spectrum = np.abs(np.fft.rfft(np.abs(hilbert(a))))
        f = np.fft.rfftfreq(len(a), 1 / FS)
        rate = 30.0 * wear.Bearing().orders()[fault]
        at = [spectrum[np.argmin(np.abs(f - x))] for x in (rate, rate - 30.0)]
        return at[1] / at[0]

    assert sideband("inner") > 0.2
    assert sideband("outer") < 0.05


def test_a_ramp_keeps_its_order():
    """On a speed ramp the fault stays at its order: blows are counted on the shaft's angle."""
    n = round(8.0 * FS)
    speed = np.linspace(15.0, 45.0, n)
    housing = replace(QUIET, slip=0.0, jitter=0.0)
    a = wear.bearing_vibration(8.0, FS, speed, "outer", housing=housing, seed=1)
    turns = np.cumsum(speed) / FS
    even = np.arange(0.0, turns[-1], 1 / 64)

    envelope = np.interp(even, turns, np.abs(hilbert(a)))
    spectrum = np.abs(np.fft.rfft(envelope - envelope.mean()))
    order = np.fft.rfftfreq(len(envelope), 1 / 64)
    band = (order > 3.0) & (order < 4.0)
    assert order[band][np.argmax(spectrum[band])] == pytest.approx(3.5848, abs=0.01)


def test_several_severities_are_several_records_and_seeds_repeat():
    levels = np.linspace(0, 1, 5)
    a = wear.bearing_vibration(1.0, FS, 30.0, "ball", levels, seed=7)
    assert a.shape == (5, 12_000)
    assert np.all(np.diff(a.std(axis=1)) > 0)
    np.testing.assert_array_equal(a, wear.bearing_vibration(1.0, FS, 30.0, "ball", levels, seed=7))
    assert not np.array_equal(a, wear.bearing_vibration(1.0, FS, 30.0, "ball", levels, seed=8))


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"fault": "cage"}, wear.FaultError, "no fault 'cage'. Choose from: outer, inner, ball"),
        ({"severity": 1.5}, wear.FaultError, "from 0 .sound. to 1"),
        ({"severity": math.nan}, wear.FaultError, "from 0 .sound. to 1"),
        ({"severity": "bad"}, wear.FaultError, "from 0 .sound. to 1"),
        ({"severity": []}, wear.FaultError, "from 0 .sound. to 1"),
        ({"duration": 0.0}, wear.SignalError, "duration must be a positive number"),
        ({"duration": "long"}, wear.SignalError, "duration must be a positive number"),
        ({"fs": -1.0}, wear.SignalError, "sampling rate must be a positive number"),
        ({"fs": 5000.0}, wear.SignalError, "cannot show a resonance at 3000 Hz"),
        ({"speed": 0.0}, wear.SignalError, "one positive number in Hz"),
        ({"speed": [30.0, 31.0]}, wear.SignalError, "one for each of 12000 samples"),
        ({"speed": math.nan}, wear.SignalError, "one positive number in Hz"),
    ],
)
def test_a_wrong_record_gets_one_clear_error(wrong, error, message):
    asked = {"duration": 1.0, "fs": FS, "speed": 30.0, "fault": "outer"} | wrong
    with pytest.raises(error, match=message):
        wear.bearing_vibration(**asked)


# Turbofans


@pytest.fixture(scope="module")
def fleet():
    return wear.turbofan_fleet(1000, seed=1, truth=True)


def test_lives_are_spread_as_those_of_fd001(fleet):
    """FD001's hundred: quartiles 177, 199 and 229 flights, shortest 128, longest 362."""
    lives = fleet.groupby("engine")["cycle"].max()
    np.testing.assert_allclose(lives.quantile([0.25, 0.5, 0.75]), [177, 199, 229], rtol=0.03)
    assert 80 < lives.min() < 128
    assert 362 < lives.max() < 500
    assert len(lives) == 1000


def test_sensors_move_as_those_of_fd001(fleet):
    """Change from the first 20 to the last 5 flights, measured in FD001, here in SI units."""
    early, late = fleet[fleet["cycle"] <= 20], fleet[fleet["rul"] <= 4]
    measured = {
        "T24": 1.289 / 1.8,
        "T30": 15.45 / 1.8,
        "T50": 26.17 / 1.8,
        "P30": -2.456 * 6.894757,
        "Ps30": 0.7897 * 6.894757,
        "Nf": 0.1738,
        "Nc": 41.99,
        "BPR": 0.1021,
        "W31": -0.4868 * 0.45359,
        "W32": -0.2901 * 0.45359,
    }
    for name, change in measured.items():
        assert late[name].mean() - early[name].mean() == pytest.approx(change, rel=0.08), name


def test_damage_grows_as_in_fd001_and_never_heals(fleet):
    """The mean curve of FD001's sensors at 100, 75, 50, 25 and 10 flights before the end."""
    mean = fleet.groupby("rul")["damage"].mean()
    np.testing.assert_allclose(
        mean[[100, 75, 50, 25, 10]], [0.135, 0.22, 0.36, 0.59, 0.80], atol=0.03
    )
    steps = fleet.groupby("engine")["damage"].diff().dropna()
    assert (steps >= 0).all()
    assert (fleet.loc[fleet["rul"] == 0, "damage"] == 1.0).all()
    assert (fleet.loc[fleet["rul"] > 0, "damage"] < 1.0).all()


def test_core_speed_is_a_trap_and_fuel_temperature_is_not(fleet):
    end = fleet[fleet["rul"] <= 4].groupby("engine")[["Nc", "T50"]].mean()
    start = fleet[fleet["cycle"] <= 20].groupby("engine")[["Nc", "T50"]].mean()
    rises = (end > start).mean()
    assert 0.6 < rises["Nc"] < 0.9
    assert rises["T50"] == 1.0


def test_a_fleet_has_units_and_repeats_with_its_seed():
    fleet = wear.turbofan_fleet(20, seed=5)
    names = [sensor.name for sensor in wear.SENSORS]
    assert list(fleet.columns) == ["engine", "cycle", *names]
    assert set(fleet.attrs["units"]) == set(fleet.columns)
    assert fleet.equals(wear.turbofan_fleet(20, seed=5))
    assert not fleet.equals(wear.turbofan_fleet(20, seed=6))
    assert (fleet.groupby("engine")["cycle"].diff().dropna() == 1).all()


def test_a_test_set_hides_the_end_and_the_truth(fleet):
    seen, rul = wear.cut_short(fleet, seed=2)
    last = seen.groupby("engine")["cycle"].max()
    lives = fleet.groupby("engine")["cycle"].max()
    assert not {"damage", "rul"} & set(seen.columns)
    assert (last + rul == lives).all()
    assert (last >= 20).all()
    assert rul.min() >= 0
    assert 60 < rul.mean() < 120
    assert seen.attrs["units"]["T30"] == "K"


@pytest.mark.parametrize("engines", [0, -3, 1.5, "ten", None, True, math.nan, math.inf])
def test_a_fleet_needs_engines(engines):
    with pytest.raises(wear.SignalError, match="number of engines must be a whole number above 0"):
        wear.turbofan_fleet(engines)


# Cracks


@pytest.mark.parametrize("m", [2.0, 2.0 + 1e-9, 1.5, 3.0, 3.59])
def test_crack_life_is_the_integral_of_paris_law(m):
    crack = replace(wear.Crack(), m=m, C=1e-8)
    a = np.geomspace(1.0, 20.0, 200_001)
    numeric = np.trapezoid(1.0 / wear.growth_rate(a, crack), a)
    assert float(wear.cycles_to(20.0, crack)) == pytest.approx(numeric, rel=1e-6)


def test_crack_life_is_continuous_at_an_exponent_of_two():
    lives = [float(wear.cycles_to(20.0, replace(wear.Crack(), m=2 + e))) for e in (-1e-7, 0, 1e-7)]
    assert lives[0] == pytest.approx(lives[1], rel=1e-5)
    assert lives[2] == pytest.approx(lives[1], rel=1e-5)


@settings(max_examples=50, deadline=None)
@given(m=st.floats(1, 5), share=st.floats(0.01, 0.99), start=st.floats(0.5, 5))
def test_length_after_cycles_and_cycles_to_length_are_inverse(m, share, start):
    crack = replace(wear.Crack(), m=m)
    cycles = share * float(wear.cycles_to(30.0, crack, start))
    length = wear.crack_length(cycles, crack, start)
    assert start < length < 30.0
    assert float(wear.cycles_to(length, crack, start)) == pytest.approx(cycles, rel=1e-6)


@pytest.mark.parametrize("material", wear.MATERIALS)
def test_a_part_breaks_when_stress_intensity_reaches_toughness(material):
    crack = wear.MATERIALS[material]
    a = wear.critical_length(crack)
    highest = crack.stress / (1 - crack.R)
    assert crack.Y * highest * math.sqrt(math.pi * a / 1000) == pytest.approx(crack.K_c)
    assert crack.a_start < a
    assert wear.life(crack) == pytest.approx(float(wear.cycles_to(a, crack)))


def test_half_the_stress_is_two_to_the_exponent_the_life():
    crack = wear.Crack()
    slow = replace(crack, stress=crack.stress / 2)
    ratio = wear.cycles_to(20.0, slow) / wear.cycles_to(20.0, crack)
    assert ratio == pytest.approx(2**crack.m)


def test_a_crack_without_length_left_is_infinite():
    assert wear.crack_length(1e12, wear.Crack()) == np.inf


def test_inspections_follow_each_crack_until_its_part_breaks():
    crack = wear.Crack()
    table = wear.crack_fleet(300, 4000.0, seed=1)
    assert (table.groupby("part")["a_true"].diff().dropna() > 0).all()
    last = table.groupby("part").last()
    assert (last["a_true"] < wear.critical_length(crack)).all()
    assert ((last["fracture"] > last["N"]) & (last["fracture"] <= last["N"] + 4000.0)).all()
    assert (table["a"] - table["a_true"]).std() == pytest.approx(0.1, rel=0.05)
    # Lives scatter as ln C does, about the life of the nominal material.
    ln_life = np.log(last["fracture"] / wear.life(crack))
    assert abs(ln_life.mean()) < 0.04
    assert ln_life.std() == pytest.approx(0.2, rel=0.15)
    assert table.attrs["units"]["a"] == "mm"
    assert table.equals(wear.crack_fleet(300, 4000.0, seed=1))


def test_parts_without_scatter_are_the_law_itself():
    crack = replace(wear.Crack(), C_scatter=0.0, unevenness=0.0, inspection_noise=0.0)
    table = wear.crack_fleet(2, 10_000.0, crack, seed=1)
    np.testing.assert_allclose(table["a_true"], wear.crack_length(table["N"], crack), rtol=1e-9)
    np.testing.assert_allclose(table["fracture"], wear.life(crack), rtol=1e-9)


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"parts": 0}, wear.SignalError, "number of parts must be a whole number above 0"),
        ({"every": -1.0}, wear.SignalError, "interval of inspections must be a number above 0"),
        ({"every": math.nan}, wear.SignalError, "interval of inspections"),
        ({"every": "week"}, wear.SignalError, "interval of inspections"),
        (
            {"crack": wear.Crack(a_start=50.0)},
            wear.ParameterError,
            "50 mm is longer than the critical 37.1 mm",
        ),
        ({"every": 1e-3}, wear.ParameterError, "more than 100,000 inspections"),
    ],
)
def test_a_wrong_crack_fleet_gets_one_clear_error(asked, error, message):
    with pytest.raises(error, match=message):
        wear.crack_fleet(**({"parts": 3, "every": 5000.0} | asked))


@pytest.mark.parametrize("a", [0.0, -1.0, math.nan, [1.0, -2.0]])
def test_a_crack_has_a_length(a):
    with pytest.raises(wear.SignalError, match="lengths must be positive"):
        wear.cycles_to(a, wear.Crack())


# Cards


def test_readme_cards_of_wear_are_those_of_the_code():
    text = README.read_text(encoding="utf-8")
    assert text == with_cards(text), "Run: python -m millwright_labs.wear labs/README.md"


def test_the_command_writes_the_cards(tmp_path):
    copy = tmp_path / "README.md"
    text = README.read_text(encoding="utf-8")
    copy.write_text(text.replace("### Fatigue crack", "### Something old"), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "millwright_labs.wear", str(copy)], check=True)
    assert copy.read_text(encoding="utf-8") == text
