"""What an accelerometer on a bearing's housing measures: shaft, noise, and the blows of a fault.

A pit in a race or on a ball is struck at a rate that the bearing's geometry sets. Each blow makes
the housing ring at its own resonance, so the fault's rate shows in the signal's envelope and
hardly in its spectrum. Balls slip a little, so blows come almost, and not exactly, in time; blows
on a turning race grow and fade as it passes the loaded side.

Made for units C2, C3 and C4. Left out: more than one resonance, the way from bearing to sensor,
gears and electrical hum, several faults at once, sensor saturation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.signal
from numpy.typing import ArrayLike

from millwright_labs.errors import FaultError, SignalError
from millwright_labs.plants.plant import POSITIVE, Parameters, parameter

CWRU = "Case Western Reserve University Bearing Data Center, bearing information"
IMS = "Lee et al. 2007, IMS bearing data set, read-me (Rexnord ZA-2115)"
STRUCTURE = "Randall & Antoni 2011, Mech. Syst. Signal Process. 25(2):485"
OURS = "ours: representative"

#: Where a fault can be.
FAULTS = ("outer", "inner", "ball")

TITLE = "Bearing vibration"
INDUSTRY = "CNC (spindle), aviation, steel"
EQUATIONS = r"""
$$a(t) = \sum_k A_k\,h(t - t_k) + a_1 \sin\theta + a_2 \sin 2\theta + n(t), \qquad
h(t) = e^{-\zeta \omega_0 t} \sin \omega_0 t$$

$$\frac{f_\mathrm{outer}}{f} = \frac n2 \Bigl(1 - \frac dD \cos\varphi\Bigr), \qquad
\frac{f_\mathrm{inner}}{f} = \frac n2 \Bigl(1 + \frac dD \cos\varphi\Bigr)$$

$$\frac{f_\mathrm{cage}}{f} = \frac12 \Bigl(1 - \frac dD \cos\varphi\Bigr), \qquad
\frac{f_\mathrm{ball}}{f} = \frac{D}{2d} \Bigl(1 - \frac{d^2}{D^2} \cos^2\varphi\Bigr)$$

with $f$ the shaft's frequency and $\theta$ its angle. A pit on a ball is struck twice a turn of
the ball. Blow $k$ comes when the fault's own angle, $1 - $`slip` of the kinematic one, has turned
$k$ times, with spacings of standard deviation `jitter`.
""".strip()


@dataclass(frozen=True)
class Bearing(Parameters):
    """The geometry of a rolling bearing; the defaults are those of a 6205 ball bearing."""

    n: float = parameter(9, "1", CWRU, "number of balls", minimum=3, maximum=100)
    d: float = parameter(7.940, "mm", CWRU, "diameter of a ball", minimum=POSITIVE)
    D: float = parameter(39.040, "mm", CWRU, "pitch diameter", minimum=POSITIVE)
    phi: float = parameter(0.0, "°", CWRU, "contact angle", minimum=0.0, maximum=60.0)

    def orders(self) -> dict[str, float]:
        """Give the fault frequencies in multiples of the shaft's: outer, inner, cage, ball.

        ``ball`` is the rate at which a ball turns about itself; a pit on it strikes twice a turn.
        """
        ratio = self.d / self.D * math.cos(math.radians(self.phi))
        return {
            "outer": self.n / 2 * (1 - ratio),
            "inner": self.n / 2 * (1 + ratio),
            "cage": (1 - ratio) / 2,
            "ball": self.D / (2 * self.d) * (1 - ratio**2),
        }


#: Bearings of the measured sets: CWRU drive end and fan end, and the IMS rig.
BEARINGS: dict[str, Bearing] = {
    "6205": Bearing(),
    "6203": Bearing(n=8, d=6.746, D=28.499),
    "ZA-2115": Bearing(n=16, d=8.407, D=71.501, phi=15.17),
}


@dataclass(frozen=True)
class Housing(Parameters):
    """How the housing answers, and what else it hears."""

    resonance: float = parameter(3000.0, "Hz", OURS, "resonance of the housing", minimum=1.0)
    damping: float = parameter(
        0.05, "1", OURS, "damping ratio of the resonance", minimum=1e-4, maximum=0.9
    )
    impact: float = parameter(
        20.0, "m/s²", OURS, "height of a blow at severity 1 and 30 Hz", minimum=0.0
    )
    load_zone: float = parameter(
        0.9, "1", OURS, "share of a blow that fades off the loaded side", minimum=0.0, maximum=1.0
    )
    slip: float = parameter(
        0.01, "1", OURS, "share of the kinematic rate that is lost", minimum=0.0, maximum=0.1
    )
    jitter: float = parameter(
        0.01, "1", OURS, "standard deviation of blows' spacing", minimum=0.0, maximum=0.2
    )
    noise: float = parameter(1.0, "m/s²", OURS, "standard deviation of the background", minimum=0.0)
    unbalance: float = parameter(0.5, "m/s²", OURS, "amplitude once a turn, 30 Hz", minimum=0.0)
    misalignment: float = parameter(0.2, "m/s²", OURS, "amplitude twice a turn", minimum=0.0)


#: The shaft's frequency (Hz) at which the amplitudes are given. Blows grow with speed, unbalance
#: with its square.
REFERENCE_SPEED = 30.0


def bearing_vibration(
    duration: float,
    fs: float,
    speed: float | Sequence[float] | np.ndarray,
    fault: str | None = None,
    severity: ArrayLike = 1.0,
    bearing: Bearing | None = None,
    housing: Housing | None = None,
    seed: int | None = None,
) -> np.ndarray:
    """Draw what an accelerometer measures.

    Parameters
    ----------
    duration : float
        Length (s).
    fs : float
        Sampling rate (Hz), more than twice the housing's resonance.
    speed : float or array_like, shape (n,)
        Frequency of the shaft (Hz), positive; constant, or one value a sample for a ramp.
    fault : {"outer", "inner", "ball"}, optional
        Where the pit is; None: a sound bearing.
    severity : float or array_like, shape (m,)
        From 0 (sound) to 1 (see `Housing.impact`). Several give several records, each with its
        own noise, as of a bearing that wears.
    bearing : Bearing, optional
        Default: 6205. Others: `BEARINGS`.
    housing : Housing, optional
        Default: representative numbers.
    seed : int, optional
        The same seed gives the same record.

    Returns
    -------
    ndarray, shape (n,) or (m, n)
        Acceleration (m/s²), with ``n = round(duration * fs)``.

    Raises
    ------
    FaultError
        An unknown fault, or a severity outside [0, 1].
    SignalError
        A duration, rate or speed that is not positive, a rate too low for the resonance, or a
        speed of another length than the record.

    Source: Randall & Antoni 2011, Mech. Syst. Signal Process. 25(2):485.
    """
    bearing, housing = bearing or Bearing(), housing or Housing()
    if fault is not None and fault not in FAULTS:
        raise FaultError(
            f"A bearing has no fault {fault!r}. Choose from: {', '.join(FAULTS)}, or None."
        )
    levels = _numbers(severity)
    if (
        levels.ndim > 1
        or not len(np.atleast_1d(levels))
        or not np.all((levels >= 0) & (levels <= 1))
    ):
        raise FaultError(
            f"Severities are numbers from 0 (sound) to 1, one or a list of them, got {severity!r}."
        )
    n, turns, speeds = _turning(duration, fs, speed, housing)
    rng = np.random.default_rng(seed)
    t_ring = np.arange(int(min(n, 7 * fs / (housing.damping * 2 * np.pi * housing.resonance)) + 1))
    omega = 2 * np.pi * housing.resonance / fs
    ring = np.exp(-housing.damping * omega * t_ring) * np.sin(omega * t_ring)
    shaft = housing.unbalance * (speeds / REFERENCE_SPEED) ** 2 * np.sin(2 * np.pi * turns)
    shaft = shaft + housing.misalignment * np.sin(4 * np.pi * turns)
    records = []
    for level in np.atleast_1d(levels).tolist():
        signal = shaft + housing.noise * rng.standard_normal(n)
        if fault is not None and level > 0:
            blows = level * _blows(fault, turns, speeds, bearing, housing, rng)
            signal = signal + scipy.signal.oaconvolve(blows, ring)[:n]
        records.append(signal)
    return np.array(records) if levels.ndim else records[0]


def _blows(
    fault: str,
    turns: np.ndarray,
    speeds: np.ndarray,
    bearing: Bearing,
    housing: Housing,
    rng: np.random.Generator,
) -> np.ndarray:
    """Give the force of the blows at each sample."""
    orders = bearing.orders()
    order = (2 * orders["ball"] if fault == "ball" else orders[fault]) * (1 - housing.slip)
    count = int(order * turns[-1]) + 3
    spacing = np.maximum(1 + housing.jitter * rng.standard_normal(count), 0.1)
    at_turn = (np.cumsum(spacing) - rng.random()) / order
    at_turn = at_turn[at_turn < turns[-1]]
    place = np.interp(at_turn, turns, np.arange(len(turns)))
    height = housing.impact * np.interp(place, np.arange(len(turns)), speeds) / REFERENCE_SPEED
    # How often a turn of the shaft the pit passes the loaded side; the outer race stands still.
    passes = {"outer": 0.0, "inner": 1.0, "ball": orders["cage"]}[fault]
    if passes:
        angle = 2 * np.pi * (passes * at_turn + rng.random())
        height = height * (1 - housing.load_zone * (1 - np.cos(angle)) / 2)
    first = place.astype(int)
    share = place - first
    blows = np.zeros(len(turns) + 1)
    np.add.at(blows, first, height * (1 - share))
    np.add.at(blows, first + 1, height * share)
    return blows[:-1]


def _turning(
    duration: Any, fs: Any, speed: Any, housing: Housing
) -> tuple[int, np.ndarray, np.ndarray]:
    """Check times and speed; give the number of samples, and turns and speed at each."""
    for name, value in (("duration", duration), ("sampling rate", fs)):
        number = _numbers(value)
        if number.ndim or not 0 < number < math.inf:
            raise SignalError(f"The {name} must be a positive number, got {value!r}.")
    if fs <= 2 * housing.resonance:
        raise SignalError(
            f"A sampling rate of {fs:g} Hz cannot show a resonance at {housing.resonance:g} Hz. "
            "Choose more than twice the resonance."
        )
    n = round(duration * fs)
    speeds = _numbers(speed)
    if n < 2 or speeds.shape not in ((), (n,)) or not np.all((speeds > 0) & np.isfinite(speeds)):
        raise SignalError(
            f"The speed must be one positive number in Hz, or one for each of {n} samples."
        )
    speeds = np.broadcast_to(speeds, n)
    turns = np.concatenate(([0.0], np.cumsum((speeds[1:] + speeds[:-1]) / 2))) / fs
    return n, turns, speeds


def _numbers(value: Any) -> np.ndarray:
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return np.array(math.nan)
