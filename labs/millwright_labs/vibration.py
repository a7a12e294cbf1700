"""Spectra of vibration, as apps and labs show them: the raw spectrum and that of the envelope.

A blow on a bearing makes the housing ring. The raw spectrum shows where it rings; the spectrum
of the envelope, taken in a band about that resonance, shows how often it is struck.

Source: Randall & Antoni 2011, Mech. Syst. Signal Process. 25(2):485.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import ArrayLike, NDArray

from millwright_labs.errors import SignalError

Floats = NDArray[np.float64]


def spectrum(x: ArrayLike, fs: float, resolution: float = 10.0) -> tuple[Floats, Floats]:
    """Return the amplitude spectrum of a record, averaged over Hann windows half overlapping.

    Parameters
    ----------
    x : array_like, shape (n,)
        The record, in any unit.
    fs : float
        Sampling rate (Hz).
    resolution : float
        Distance of the lines (Hz).

    Returns
    -------
    f, amplitude : ndarray
        Frequency (Hz) and root mean square value of a line, in the unit of `x`. A tone shows its
        own; noise shows more, the coarser the resolution.

    Raises
    ------
    SignalError
        If the record is no finite series, or shorter than two windows.
    """
    x = _record(x, fs)
    window = round(fs / resolution)
    if not 8 <= window <= len(x) // 2:
        raise SignalError(
            f"A record of {len(x)} samples at {fs:g} Hz cannot show lines {resolution:g} Hz "
            "apart. Take a longer record or a coarser resolution."
        )
    f, power = scipy.signal.welch(x, fs, nperseg=window, scaling="spectrum")
    return f, np.sqrt(power)


def envelope_spectrum(x: ArrayLike, fs: float, low: float, high: float) -> tuple[Floats, Floats]:
    """Return the spectrum of the squared envelope of a record within a band.

    Parameters
    ----------
    x : array_like, shape (n,)
        The record, in any unit.
    fs : float
        Sampling rate (Hz).
    low, high : float
        Edges of the band (Hz), between 0 and half the sampling rate.

    Returns
    -------
    f, amplitude : ndarray
        Frequency (Hz), below the width of the band, beyond which no envelope can change; and
        amplitude of the squared envelope's lines, in the square of the unit of `x`. The mean is
        taken away first.

    Raises
    ------
    SignalError
        If the record is no finite series, or the band lies outside it or is empty.
    """
    x = _record(x, fs)
    if not 0 <= low < high <= fs / 2:
        raise SignalError(
            f"A band from {low:g} to {high:g} Hz does not fit a sampling rate of {fs:g} Hz. "
            "Choose 0 ≤ low < high ≤ half the rate."
        )
    lines = scipy.fft.fft(x)
    f = scipy.fft.fftfreq(len(x), 1 / fs)
    # Positive frequencies alone make the analytic signal, whose modulus is the envelope.
    lines[(f < low) | (f > high)] = 0.0
    envelope = np.abs(2 * scipy.fft.ifft(lines)) ** 2
    window = scipy.signal.windows.hann(len(x), sym=False)
    weighted = scipy.fft.rfft(window * (envelope - envelope.mean()))
    f = scipy.fft.rfftfreq(len(x), 1 / fs)
    kept = f < high - low
    return f[kept], 2 * np.abs(weighted[kept]) / window.sum()


def above_floor(amplitude: ArrayLike) -> Floats:
    """Return how far (dB) lines stand over the floor: the median, which a few lines do not move.

    A spectrum of nothing stands nowhere above its floor: 0 dB.
    """
    amplitude = np.asarray(amplitude, dtype=float)
    floor = float(np.median(amplitude)) if len(amplitude) else 0.0
    if floor <= 0:
        return np.zeros_like(amplitude)
    return 20 * np.log10(np.maximum(amplitude / floor, 1e-6))


def peak_near(f: Floats, height: Floats, at: float, tolerance: float = 0.015) -> float:
    """Return the highest line within a share `tolerance` of the frequency `at`.

    Balls slip, so a fault strikes one or two percent below the rate that geometry gives; at
    least one line on either side is looked at.

    Raises
    ------
    SignalError
        If the spectrum does not reach that far.
    """
    if not f[0] <= at <= f[-1]:
        raise SignalError(f"The spectrum ends at {f[-1]:g} Hz; there is no line at {at:g} Hz.")
    width = max(tolerance * at, f[1] - f[0])
    return float(height[(f >= at - width) & (f <= at + width)].max())


def _record(x: Any, fs: float) -> Floats:
    x = np.asarray(x, dtype=float)
    if x.ndim != 1 or len(x) < 16 or not np.isfinite(x).all():
        raise SignalError("A record must be one series of at least 16 finite numbers.")
    if not 0 < fs < np.inf:
        raise SignalError(f"The sampling rate must be positive, got {fs!r} Hz.")
    return x
