import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import vibration, wear
from millwright_labs.errors import SignalError

FS = 12_000.0
T = np.arange(24_000) / FS


@pytest.mark.parametrize(("f", "height"), [(1000.0, 3.0), (30.0, 0.2)])
def test_a_tone_shows_its_root_mean_square(f, height):
    lines, amplitude = vibration.spectrum(height * np.sin(2 * np.pi * f * T), FS)
    at = np.argmax(amplitude)
    assert lines[at] == pytest.approx(f)
    assert amplitude[at] == pytest.approx(height / np.sqrt(2), rel=1e-6)


def test_the_envelope_of_a_modulated_tone_has_the_lines_that_trigonometry_gives():
    """The square of A·(1 + m·cos) has lines of 2·m·A² and m²·A²/2."""
    A, m, rate = 2.0, 0.6, 40.0
    x = A * (1 + m * np.cos(2 * np.pi * rate * T)) * np.sin(2 * np.pi * 3000 * T)
    f, lines = vibration.envelope_spectrum(x, FS, 2500, 3500)
    assert lines[np.argmin(abs(f - rate))] == pytest.approx(2 * m * A**2, rel=1e-6)
    assert lines[np.argmin(abs(f - 2 * rate))] == pytest.approx(m**2 * A**2 / 2, rel=1e-6)
    assert f[-1] < 1000


@pytest.mark.parametrize("fault", ["outer", "inner", "ball"])
def test_filter_and_hilbert_transform_find_the_same_lines(fault):
    x = wear.bearing_vibration(2.0, FS, 30.0, fault, 0.5, seed=1)
    f, lines = vibration.envelope_spectrum(x, FS, 2000, 4000)
    sos = scipy.signal.butter(8, [2000, 4000], "bandpass", fs=FS, output="sos")
    envelope = np.abs(scipy.signal.hilbert(scipy.signal.sosfiltfilt(sos, x))) ** 2
    g, power = scipy.signal.periodogram(envelope, FS, "hann", scaling="spectrum")
    inside = (f > 5) & (f < 600)
    other = np.sqrt(2 * power[: len(f)])
    assert np.array_equal(f, g[: len(f)])
    assert f[inside][np.argmax(lines[inside])] == f[inside][np.argmax(other[inside])]
    assert np.corrcoef(lines[inside], other[inside])[0, 1] > 0.99


@settings(max_examples=20, deadline=None)
@given(gain=st.floats(1e-3, 1e3), low=st.floats(0, 3000), width=st.floats(200, 3000))
def test_heights_over_the_floor_do_not_depend_on_the_gain(gain, low, width):
    x = wear.bearing_vibration(0.5, FS, 30.0, "outer", 0.5, seed=1)
    _, one = vibration.envelope_spectrum(x, FS, low, low + width)
    _, other = vibration.envelope_spectrum(gain * x, FS, low, low + width)
    assert vibration.above_floor(other) == pytest.approx(vibration.above_floor(one), abs=1e-3)


def test_heights_count_from_the_median_and_silence_has_none():
    assert vibration.above_floor([1, 1, 10, 1, 1]) == pytest.approx([0, 0, 20, 0, 0])
    assert not vibration.above_floor(np.zeros(5)).any()
    assert not vibration.above_floor([]).size


def test_a_peak_is_looked_for_within_the_slip_and_no_further():
    f, height = np.arange(0, 300, 0.5), np.zeros(600)
    height[f == 99.0] = 7.0
    assert vibration.peak_near(f, height, 100.0) == 7.0
    assert vibration.peak_near(f, height, 101.0) == 0.0
    # A slow rate is looked for on both neighbouring lines, however small its share.
    height[f == 3.5] = 5.0
    assert vibration.peak_near(f, height, 4.0) == 5.0
    with pytest.raises(SignalError, match=r"ends at 299\.5 Hz"):
        vibration.peak_near(f, height, 300.0)


@pytest.mark.parametrize(
    ("x", "fs", "band"),
    [
        ([1.0] * 5, FS, (100, 200)),
        ([np.nan] * 100, FS, (100, 200)),
        (np.ones((10, 10)), FS, (100, 200)),
        (np.ones(100), 0.0, (100, 200)),
        (np.ones(100), np.nan, (100, 200)),
        (np.ones(100), FS, (200, 200)),
        (np.ones(100), FS, (-1, 200)),
        (np.ones(100), FS, (100, 6001)),
    ],
)
def test_a_record_or_band_that_cannot_be_gets_one_error(x, fs, band):
    with pytest.raises(SignalError):
        vibration.envelope_spectrum(x, fs, *band)


def test_a_record_too_short_for_the_resolution_says_so():
    with pytest.raises(SignalError, match="longer record"):
        vibration.spectrum(np.zeros(1000), FS, resolution=10.0)
